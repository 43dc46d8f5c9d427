using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

public class DiffusionRecoveryFacts
{
    const int TrainRows = 512, Steps = 3_000, NoiseSteps = 100, SampleRows = 20_000;

    static readonly DiffusionColumns Columns = new(1, [3]);

    // Of each label, the shares of the levels in the lower mode and then in the upper one.
    static readonly double[][] Shares = [[0.3, 0.15, 0.05, 0.05, 0.1, 0.35], [0.05, 0.25, 0.2, 0.3, 0.15, 0.05]];

    // A number of two modes, ±1 with a deviation of 0.25, by three levels, by two labels: 20,000 draws of a known distribution over six
    // cells differ from it by 0.006 in total variation, and the rest of the bound is the network's. Worst seen 0.011.
    [Fact]
    public void Recovers_two_modes_and_three_levels()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var denoiser = new Denoiser(
            device, new() { Width = Columns.Width, Labels = 2, Steps = NoiseSteps, Layers = [64, 64], Embedding = 32 });
        denoiser.Initialize(1);
        using var tables = new DiffusionTables(device, Columns, DiffusionSchedule.Cosine(NoiseSteps));
        Train(device, denoiser, tables);
        using var sampler = new DiffusionSampler(denoiser, tables, [-2f], [2f]);
        for (int label = 0; label < 2; label++)
        {
            double[] shares = Sampled(device, sampler, label);
            double variation = shares.Zip(Shares[label], (drawn, known) => Math.Abs(drawn - known)).Sum() / 2;
            Assert.True(variation < 0.02, $"Label {label}: {variation}");
        }
    }

    static void Train(ComputeDevice device, Denoiser denoiser, DiffusionTables tables)
    {
        using var trainer = new DiffusionTrainer(denoiser, tables, new AdamWOptions { ClipNorm = null });
        using var batch = new DiffusionBatch(device, Columns, TrainRows);
        batch.Ids.CopyFrom([.. Enumerable.Range(0, TrainRows)]);
        var random = new Philox(2);
        var schedule = new LearningRateSchedule(4e-3, Steps) { Shape = LearningRateShape.Linear };
        int[] labels = [.. Enumerable.Range(0, TrainRows).Select(row => row % 2)];
        for (uint step = 0; step < Steps; step++)
        {
            int[] cells = [.. labels.Select((label, row) => Cell(label, random.Uniform((uint)row, step, 0)))];
            batch.Labels.CopyFrom(labels);
            batch.Levels.CopyFrom(Array.ConvertAll(cells, cell => cell % 3));
            batch.Numbers.CopyFrom(
                [.. cells.Select((cell, row) => (cell < 3 ? -1 : 1) + 0.25f * random.Normal((uint)row, step, 1))]);
            batch.Times.CopyFrom([.. Enumerable.Range(0, TrainRows).Select(row => random.Below(NoiseSteps, (uint)row, step, 2))]);
            trainer.Step(batch, new Philox(3), (int)step, schedule.At((int)step));
        }
    }

    static double[] Sampled(ComputeDevice device, DiffusionSampler sampler, int label)
    {
        using var batch = new DiffusionBatch(device, Columns, SampleRows);
        batch.Ids.CopyFrom([.. Enumerable.Range(0, SampleRows)]);
        batch.Labels.CopyFrom([.. Enumerable.Repeat(label, SampleRows)]);
        sampler.Sample(batch, new Philox(4));
        float[] numbers = batch.Numbers.ToArray();
        var shares = new double[6];
        foreach (var (row, level) in batch.Levels.ToArray().Index())
        {
            shares[(numbers[row] < 0 ? 0 : 3) + level] += 1.0 / SampleRows;
        }

        return shares;
    }

    static int Cell(int label, double uniform)
    {
        int cell = 0;
        for (double sum = Shares[label][0]; uniform > sum && cell < 5; sum += Shares[label][++cell]) { }

        return cell;
    }
}
