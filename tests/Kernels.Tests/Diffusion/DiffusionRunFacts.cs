using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

/// <summary>Whole training steps and samples: what they may depend on.</summary>
public class DiffusionRunFacts
{
    static readonly DiffusionColumns Columns = new(2, [3, 2]);
    static readonly DenoiserConfig Config =
        new() { Width = Columns.Width, Labels = 2, Steps = 4, Layers = [24, 8], Embedding = 8 };

    [Fact]
    public void Training_gives_the_same_bits_on_any_number_of_threads() =>
        Assert.Equal(Trained(threads: 1, rows: 700), Trained(threads: 3, rows: 700));

    [Fact]
    public void Training_lowers_the_loss()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var denoiser = new Denoiser(device, Config);
        denoiser.Initialize(1);
        using var tables = new DiffusionTables(device, Columns, DiffusionSchedule.Cosine(4));
        using var trainer = new DiffusionTrainer(denoiser, tables, new AdamWOptions { ClipNorm = null });
        using var batch = Batch(device, 64);
        double before = trainer.Loss(batch, new Philox(5), 0).Total;
        for (int step = 0; step < 100; step++)
        {
            trainer.Step(batch, new Philox(3), step, 1e-2f);
        }

        // All rows are alike: levels are known but for the noise, and the noise of a number is x_t.
        double after = trainer.Loss(batch, new Philox(5), 0).Total;
        Assert.True(after < 0.5 * before, $"{before} before, {after} after");
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_row_is_the_same_in_any_batch(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var denoiser = new Denoiser(device, Config);
        denoiser.Initialize(1);
        using var tables = new DiffusionTables(device, Columns, DiffusionSchedule.Cosine(4));
        using var sampler = new DiffusionSampler(denoiser, tables, [-90f, -90f], [90f, 90f]);
        var (numbers, levels) = Sampled(device, sampler, first: 0, count: 9);
        var (someNumbers, someLevels) = Sampled(device, sampler, first: 4, count: 2);
        Assert.Equal(numbers[8..12], someNumbers);
        Assert.Equal(levels[8..12], someLevels);
        Assert.All(numbers, number => Assert.InRange(number, -90, 90));
        Assert.InRange(numbers.Distinct().Count(), numbers.Length / 2, numbers.Length);
    }

    // 20,000 draws: their mean has a standard error of 0.007, their variance one of 0.01; four of them each.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Noise_is_normal_for_numbers_and_uniform_for_levels(DeviceKind kind)
    {
        const int rows = 5_000;
        var columns = new DiffusionColumns(4, [2, 2, 2, 2]);
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var ids = device.Allocate<int>([.. Enumerable.Range(0, rows)]);
        using var groups = device.Allocate<int>(rows);
        var draws = workspace.Take(rows, 8);
        RowNoise.On(device).Fill(new Philox(1), ids, groups, 3, columns, draws);
        float[] all = draws.ToArray();
        Assert.Equal(all.Length, all.Distinct().Count(), all.Length / 100.0);
        double[] normal = [.. all.Where((_, i) => i % 8 < 4).Select(v => (double)v)], uniform = [.. all.Where((_, i) => i % 8 >= 4).Select(v => (double)v)];
        Assert.InRange(normal.Average(), -0.029, 0.029);
        Assert.InRange(normal.Average(v => v * v), 0.96, 1.04);
        Assert.InRange(uniform.Average(), 0.4918, 0.5082);
        Assert.All(uniform, v => Assert.InRange(v, 0, 0.99999994));
    }

    static (float[] Numbers, int[] Levels) Sampled(ComputeDevice device, DiffusionSampler sampler, int first, int count)
    {
        using var batch = new DiffusionBatch(device, Columns, count);
        batch.Ids.CopyFrom([.. Enumerable.Range(first, count)]);
        batch.Labels.CopyFrom([.. Enumerable.Range(first, count).Select(i => i % 2)]);
        sampler.Sample(batch, new Philox(11));
        return (batch.Numbers.ToArray(), batch.Levels.ToArray());
    }

    static float[] Trained(int threads, int rows)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        using var denoiser = new Denoiser(device, Config);
        denoiser.Initialize(1);
        using var tables = new DiffusionTables(device, Columns, DiffusionSchedule.Cosine(4));
        using var trainer = new DiffusionTrainer(denoiser, tables, new AdamWOptions { ClipNorm = null });
        using var batch = Batch(device, rows);
        for (int step = 0; step < 4; step++)
        {
            trainer.Step(batch, new Philox(3), step, 1e-2f);
        }

        return denoiser.Parameters.Weights.ToArray();
    }

    static DiffusionBatch Batch(ComputeDevice device, int rows)
    {
        var batch = new DiffusionBatch(device, Columns, rows);
        batch.Levels.CopyFrom([.. Enumerable.Repeat(1, rows * Columns.Categorical)]);
        batch.Times.CopyFrom([.. Enumerable.Range(0, rows).Select(row => row % 4)]);
        batch.Labels.CopyFrom([.. Enumerable.Range(0, rows).Select(row => row % 2)]);
        batch.Ids.CopyFrom([.. Enumerable.Range(0, rows)]);
        return batch;
    }
}
