using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class LocationScaleSamplerFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void The_child_is_the_location_plus_the_scaled_residual(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        int rows = SamplingBlock.Rows(kind, 2001);
        float[] residuals = [-2, -0.5f, 0, 1, 3];
        var draws = new RowDraws(new Philox(5), 1, 9);
        float[] location = [.. Enumerable.Range(0, rows).Select(r => 6 * MathF.Sin(0.9f * r))];
        float[] logScale = [.. Enumerable.Range(0, rows).Select(r => 2 * MathF.Cos(0.7f * r))];
        var child = block.Empty(1, rows);
        LocationScaleSampler.On(block.Device).Sample(
            draws, Noise.FromResiduals(block.Array(residuals)), block.Columns(rows, location),
            block.Columns(rows, logScale), child);
        var found = child.ToArray();
        for (int r = 0; r < rows; r++)
        {
            double spread = Math.Exp(logScale[r]) * residuals[(ulong)draws.Word(r) * 5 >> 32];

            // exp is right to 2⁻²² or so relative, and the sum rounds once: ε/2 of at most 30.
            Assert.InRange(found[r] - (location[r] + spread), -1e-5, 1e-5);
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_locations_column_may_become_the_child(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        var column = block.Columns(3, [1, 2, 3]);
        LocationScaleSampler.On(block.Device).Sample(
            new(new Philox(5), 1), Noise.FromResiduals(block.Array([1])), column, block.Columns(3, [0, 0, 0]), column);
        Assert.Equal([2f, 3, 4], column.ToArray());
    }
}
