using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.LinearAlgebra;

public class FixedOrderFacts
{
    [Theory, InlineData(0), InlineData(1), InlineData(7), InlineData(8), InlineData(31), InlineData(32), InlineData(33), InlineData(4099)]
    public void Sums_agree_with_those_in_double_precision(int length)
    {
        double[] values = Values.Draw(1, length);
        float[] single = Array.ConvertAll(values, value => (float)value);

        // Lanes of some hundred numbers round by 1e-6 a sum, at random; squares add up where numbers of both signs do not.
        double tolerance = 1e-6 * Math.Max(1, Math.Sqrt(length));
        Assert.Equal(values.Sum(), FixedOrder.Sum(single), tolerance);
        Assert.Equal(values.Sum(value => value * value), FixedOrder.SumOfSquares(single), 10 * tolerance);
    }
}
