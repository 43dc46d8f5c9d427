using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class LinearPredictorFacts
{
    // Twelve float products and sums of size up to 20: 12 · 20 · 2⁻²⁴ ≈ 1.4e-5, and float sin, tanh beside.
    const double Tolerance = 3e-5;

    [Theory, ClassData(typeof(EveryDevice))]
    public void Predictors_agree_with_the_definition(DeviceKind kind)
    {
        foreach (int rows in new[] { 1, 7, SamplingBlock.Rows(kind, 2053) })
        {
            using var block = new SamplingBlock(kind);
            var x = Enumerable.Range(0, rows).Select(r => 3 * MathF.Sin(0.7f * r)).ToArray();
            var z = Enumerable.Range(0, rows).Select(r => 2 * MathF.Cos(1.3f * r)).ToArray();
            var code = Enumerable.Range(0, rows).Select(r => (float)(r * 5 % 3)).ToArray();
            using var table = new PredictorTerms(2)
                .Intercept(0.5f, -0.25f)
                .Add(Basis.Identity, 0, 1, 2)
                .Add(Basis.Square, 1, -0.5f, 0.25f)
                .AddHinge(0, 0.3f, 0.75f, -1)
                .AddProduct(0, 1, 0.1f, 0.2f)
                .AddLookup(2, 3, 1, 2, 3, -1, -2, -3)
                .Add(Basis.Sine, 0, 1, -1)
                .Add(Basis.Tanh, 1, 2, 1)
                .Add(Basis.Absolute, 0, 0.5f, 0)
                .AddSlope(1, 2, 3, 0.5f, -1, 2, 1, 0, -0.5f)
                .Load(block.Device);
            var predictors = block.Empty(2, rows);
            LinearPredictor.On(block.Device).Evaluate(table, block.Columns(rows, x, z, code), predictors);
            var found = predictors.ToArray();
            for (int r = 0; r < rows; r++)
            {
                double a = x[r], b = z[r];
                int c = (int)code[r];
                double[] slopes = [0.5, -1, 2, 1, 0, -0.5];
                double first = 0.5 + a - 0.5 * b * b + 0.75 * Math.Max(0, a - 0.3) + 0.1 * a * b + (c + 1) + Math.Sin(a)
                    + 2 * Math.Tanh(b) + 0.5 * Math.Abs(a) + slopes[c] * b;
                double second = -0.25 + 2 * a + 0.25 * b * b - Math.Max(0, a - 0.3) + 0.2 * a * b - (c + 1) - Math.Sin(a)
                    + Math.Tanh(b) + slopes[3 + c] * b;
                Assert.Equal(first, found[r], Tolerance);
                Assert.Equal(second, found[rows + r], Tolerance);
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Without_terms_a_predictor_is_its_intercept(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        using var table = new PredictorTerms(2).Intercept(3, 4).Load(block.Device);
        var predictors = block.Empty(2, 3);
        LinearPredictor.On(block.Device).Evaluate(table, block.Empty(1, 3), predictors);
        Assert.Equal([3f, 3, 3, 4, 4, 4], predictors.ToArray());
    }

    [Fact]
    public void A_term_needs_a_weight_for_each_output()
    {
        var error = Assert.Throws<ArgumentException>(() => new PredictorTerms(2).Add(Basis.Sine, 0, 1));
        Assert.Equal("A Sine term of 2 outputs has 2 weights, not 1.", error.Message);
    }
}
