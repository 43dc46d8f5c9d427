using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.FineTuning;

public class FineTunerFacts
{
    static readonly FineTuneOptions Brief = new()
    {
        Seed = 3,
        Steps = 40,
        LearningRate = 3e-3f,
        ContextRows = 40,
        QueryRows = 20,
        ValidateEvery = 10,
    };

    [Fact]
    public void Tuning_lowers_the_validation_loss_of_an_untrained_model()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var result = new FineTuner(device, Brief).Tune(Untrained(device), Data(120, 60), "test");

        Assert.True(result.BestStep > 0);
        Assert.True(result.History.Min(check => check.ValidationLoss) < result.History[0].ValidationLoss);
        Assert.Equal(result.History.MinBy(check => check.ValidationLoss)!.Step, result.BestStep);
    }

    [Fact]
    public void What_does_not_help_returns_the_model_it_started_from()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var start = Untrained(device);

        // Steps this large break any model; the first validation after each is worse than step 0.
        var result = new FineTuner(device, Brief with { LearningRate = 100, ValidateEvery = 1, Patience = 3 }).Tune(start, Data(120, 60), "test");

        Assert.Equal(0, result.BestStep);
        Assert.Same(start, result.Model);
        Assert.Equal(4, result.History.Count); // step 0, then as many as patience allows
    }

    [Fact]
    public void Synthetic_rows_take_part_in_episodes()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var data = Data(120, 60);
        var real = new FineTuner(device, Brief).Tune(Untrained(device), data, "test");
        var mixed = new FineTuner(device, Brief).Tune(Untrained(device), data with { Synthetic = Rows(200, seed: 9) }, "test");
        Assert.NotEqual(real.History[^1].TrainLoss, mixed.History[^1].TrainLoss);
    }

    [Fact]
    public void One_thread_and_two_give_the_same_weights()
    {
        var results = ((int[])[1, 2]).Select(threads =>
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            return new FineTuner(device, Brief with { Steps = 10 }).Tune(Untrained(device), Data(120, 60), "test");
        }).ToArray();
        Assert.Equal(results[0].History, results[1].History);
        Assert.All(results[0].Model.Weights, pair => Assert.Equal(pair.Value, results[1].Model.Weights[pair.Key]));
    }

    static TabularModel Untrained(ComputeDevice device)
    {
        using var transformer = new TabularTransformer(device, new TransformerConfig { Width = 16, Heads = 2, Hidden = 32, Layers = 2 });
        transformer.Parameters.Initialize(seed: 5);
        return TabularModel.From(transformer, "untrained");
    }

    static FineTuneData Data(int train, int validation) => new(Rows(train, 1), null, Rows(validation, 2), 2);

    // Two columns; the class is whether the first exceeds 0.8: a tenth of the rows, which even an untrained model soon learns.
    static EncodedRows Rows(int rows, int seed)
    {
        var random = new Random(seed);
        float[] cells = [.. Enumerable.Range(0, 2 * rows).Select(_ => random.NextSingle() * 2 - 1)];
        int[] labels = [.. Enumerable.Range(0, rows).Select(row => cells[2 * row] > 0.8f ? 1 : 0)];
        return new(2, cells, cells, labels);
    }
}
