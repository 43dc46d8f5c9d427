using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class AtomSamplerFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void The_gate_opens_where_the_uniform_is_below_the_logistic(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        int rows = SamplingBlock.Rows(kind, 2001);
        var draws = new RowDraws(new Philox(5), 1, 9);
        var logits = Enumerable.Range(0, rows).Select(r => 6 * MathF.Sin(0.9f * r)).ToArray();
        var child = block.Columns(rows, [.. Enumerable.Range(0, rows).Select(r => (float)r)]);
        AtomSampler.On(block.Device).Sample(draws, block.Columns(rows, logits), -1, child);
        var found = child.ToArray();
        for (int r = 0; r < rows; r++)
        {
            double u = ((draws.Word(r) >> 9) + 0.5) / (1 << 23), p = 1 / (1 + Math.Exp(-logits[r]));

            // Float exp is right to 2⁻²² or so relative; a uniform that near to p may fall on either side.
            if (Math.Abs(u - p) > 1e-6)
            {
                Assert.Equal(u < p ? -1 : r, found[r]);
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Extreme_logits_are_certain(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        var child = block.Columns(4, [1, 2, 3, 4]);
        AtomSampler.On(block.Device)
            .Sample(new(new Philox(5), 1), block.Columns(4, [1000, -1000, float.PositiveInfinity, float.NegativeInfinity]), 0, child);
        Assert.Equal([0f, 2, 0, 4], child.ToArray());
    }
}
