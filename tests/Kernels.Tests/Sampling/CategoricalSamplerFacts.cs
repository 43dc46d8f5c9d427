using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class CategoricalSamplerFacts
{
    static readonly RowDraws Draws = new(new Philox(11), 4, 5);

    [Theory, ClassData(typeof(EveryDevice))]
    public void Codes_agree_with_the_inverse_distribution_function(DeviceKind kind)
    {
        foreach (int classes in new[] { 1, 2, 5, 61 })
        {
            using var block = new SamplingBlock(kind);
            int rows = SamplingBlock.Rows(kind, 1503);
            var logits = Logits(classes, rows);
            var codes = block.Empty(1, rows);
            CategoricalSampler.On(block.Device).Sample(Draws, block.Columns(rows, logits), codes);
            var drawn = codes.ToArray();
            for (int r = 0; r < rows; r++)
            {
                var weights = logits.Select(column => Math.Exp((double)column[r])).ToArray();
                double u = (Draws.Word(r) >> 8) / (double)(1 << 24), total = weights.Sum();
                double below = weights.Take((int)drawn[r]).Sum() / total, above = below + weights[(int)drawn[r]] / total;

                // The cell that holds u, up to the error of 61 float exps and sums: 61 · 2⁻²⁴ ≈ 4e-6.
                Assert.InRange(u, below - 4e-6, above + 4e-6);
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Huge_and_tiny_logits_do_not_overflow(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        float[][] logits = [[1e30f, -1e30f, 500, 0], [-1e30f, 1e30f, -500, 1000], [0, 0, 0, 0]];
        var codes = block.Empty(1, 4);
        CategoricalSampler.On(block.Device).Sample(Draws, block.Columns(4, logits), codes);
        Assert.Equal([0f, 1, 0, 1], codes.ToArray());
    }

    [Fact]
    public void Blocks_shards_and_threads_do_not_change_a_code()
    {
        const int Rows = 1999;
        var whole = Draw(2, 0, Rows);
        Assert.Equal(whole, Draw(1, 0, Rows));
        int[] cuts = [0, 3, 256, 700, 1001, Rows];
        Assert.Equal(whole, cuts.Zip(cuts.Skip(1)).SelectMany(cut => Draw(2, cut.First, cut.Second - cut.First)));
    }

    static float[] Draw(int threads, int first, int rows)
    {
        using var block = new SamplingBlock(DeviceKind.Cpu, threads);
        var logits = Logits(7, first + rows).Select(column => column[first..]).ToArray();
        var codes = block.Empty(1, rows);
        CategoricalSampler.On(block.Device)
            .Sample(new(new Philox(6), 0, (uint)first), block.Columns(rows, logits), codes);
        return codes.ToArray();
    }

    static float[][] Logits(int classes, int rows) =>
        [.. Enumerable.Range(0, classes).Select(k => Enumerable.Range(0, rows).Select(r => 3 * MathF.Sin(k + 0.37f * r)).ToArray())];
}
