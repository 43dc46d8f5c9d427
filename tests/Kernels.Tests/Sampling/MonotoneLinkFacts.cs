using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class MonotoneLinkFacts
{
    static readonly float[] Inputs = [.. Enumerable.Range(0, 97).Select(r => (r - 48) * 0.125f), -1e30f, 1e30f, float.PositiveInfinity];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Codes_count_the_thresholds_at_or_below(DeviceKind kind)
    {
        foreach (int count in new[] { 1, 2, 3, 7, 8, 20 })
        {
            using var block = new SamplingBlock(kind);
            var thresholds = Enumerable.Range(0, count).Select(i => i * 0.5f - 3).ToArray();
            using var table = new LinkTable(block.Device, thresholds);
            var column = block.Columns(Inputs.Length, Inputs);
            MonotoneLink.On(block.Device).Codes(table, column, column);
            Assert.Equal(Inputs.Select(x => (float)thresholds.Count(t => t <= x)), column.ToArray());
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Values_are_interpolated_and_held_outside_the_knots(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        float[] knots = [-2, -1, 0.5f, 0.5f, 4], values = [10, 20, 20, 30, 50];
        using var table = new LinkTable(block.Device, knots, values);
        var column = block.Columns(Inputs.Length, Inputs);
        var output = block.Empty(1, Inputs.Length);
        MonotoneLink.On(block.Device).Interpolate(table, column, output);
        var found = output.ToArray();
        for (int r = 0; r < Inputs.Length; r++)
        {
            double x = Inputs[r];
            double expected = x < -2 ? 10 : x < -1 ? 10 + 10 * (x + 2) : x < 0.5 ? 20 : x < 4 ? 30 + 20 * (x - 0.5) / 3.5 : 50;
            Assert.Equal(expected, found[r], 1e-5); // values to 50 in float: 50 · 2⁻²³ ≈ 6e-6
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void One_knot_makes_a_constant(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        using var table = new LinkTable(block.Device, [1f], [7f]);
        var column = block.Columns(5, [-9, 0, 1, 2, 1e30f]);
        MonotoneLink.On(block.Device).Interpolate(table, column, column);
        Assert.Equal([7f, 7, 7, 7, 7], column.ToArray());
    }
}
