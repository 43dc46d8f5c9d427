using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Generative;

public class RandomFillFacts
{
    public static IEnumerable<TheoryDataRow<DeviceKind, RandomKind>> Cases() =>
        from device in new EveryDevice().Select(row => row.Data)
        from kind in Enum.GetValues<RandomKind>()
        select new TheoryDataRow<DeviceKind, RandomKind>(device, kind);

    [Theory, MemberData(nameof(Cases))]
    public void Every_element_is_the_draw_of_its_place(DeviceKind kind, RandomKind drawn)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        int rows = kind == DeviceKind.Cpu ? 211 : 3;
        Tensor x = workspace.Take(rows, 13), again = workspace.Take(rows, 13), other = workspace.Take(rows, 13);
        var fill = RandomFill.On(device);
        fill.Fill(drawn, new Philox(5), 9, x);
        fill.Fill(drawn, new Philox(5), 9, again);
        fill.Fill(drawn, new Philox(5), 10, other);

        var draws = new CausalMixFT.Kernels.Sampling.RowDraws(new Philox(5), 9);
        double[] expected = [.. Enumerable.Range(0, x.Length).Select(i => drawn switch
        {
            RandomKind.Normal => Normal.Quantile(draws.OpenUniform(i)),
            RandomKind.Uniform => draws.OpenUniform(i),
            RandomKind.Gumbel => -Math.Log(-Math.Log(draws.OpenUniform(i))),
            _ => 2.0 * (draws.Word(i) >> 31),
        })];

        // A Gumbel near −log(−log(1 − 2⁻²⁴)) = 16.6 loses four digits in its inner logarithm; two digits of the rest are enough.
        Assert.InRange(Transformer.Values.LargestDifference(expected, x), 0, drawn == RandomKind.Gumbel ? 2e-3 : 1e-4);
        Assert.Equal(x.ToArray(), again.ToArray());
        Assert.NotEqual(x.ToArray(), other.ToArray());
    }

    [Fact]
    public void Draws_have_the_moments_of_their_kind()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        var x = workspace.Take(100, 1000);
        foreach (var (kind, mean, variance) in ((RandomKind, double, double)[])[
            (RandomKind.Normal, 0, 1), (RandomKind.Uniform, 0.5, 1 / 12.0), (RandomKind.Gumbel, 0.5772157, Math.PI * Math.PI / 6),
            (RandomKind.HalfKept, 1, 1)])
        {
            RandomFill.On(device).Fill(kind, new Philox(2), 0, x);
            double[] values = Array.ConvertAll(x.ToArray(), value => (double)value);
            double seen = values.Average(), spread = values.Average(value => (value - mean) * (value - mean));

            // Five standard errors of 100,000 draws; the widest, a Gumbel's variance, has 5 · √(4.4 · σ⁴ / n) = 0.054.
            Assert.InRange(seen - mean, -5 * Math.Sqrt(variance / values.Length), 5 * Math.Sqrt(variance / values.Length));
            Assert.InRange(spread - variance, -0.06 * variance, 0.06 * variance);
        }
    }
}
