using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class EmpiricalSamplerFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_device_draws_the_rows_that_the_words_name(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        int rows = SamplingBlock.Rows(kind, 1234);
        float[] table = [3, 1, 4, 1, 5, 9, 2];
        var draws = new RowDraws(new Philox(7), 2, 77);
        var child = block.Empty(1, rows);
        EmpiricalSampler.On(block.Device).Sample(draws, block.Array(table), child);
        Assert.Equal(Enumerable.Range(0, rows).Select(r => table[(ulong)draws.Word(r) * 7 >> 32]), child.ToArray());
    }

    [Fact]
    public void Each_row_of_the_table_is_as_likely_as_any_other()
    {
        const int Rows = 100_000, Length = 50;
        using var block = new SamplingBlock(DeviceKind.Cpu);
        var child = block.Empty(1, Rows);
        var table = block.Array([.. Enumerable.Range(0, Length).Select(i => (float)i)]);
        EmpiricalSampler.On(block.Device).Sample(new(new Philox(1), 0), table, child);
        double expected = (double)Rows / Length;
        double chiSquared = child.ToArray().CountBy(v => v).Sum(c => Math.Pow(c.Value - expected, 2) / expected);

        // χ² with 49 degrees of freedom exceeds 85.4 with probability 0.001; the seed is fixed.
        Assert.InRange(chiSquared, 10, 85.4);
    }
}
