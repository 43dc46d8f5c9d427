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
    public void The_chosen_rates_run_is_the_one_that_it_gives_alone_and_no_rate_was_better_when_it_was_left()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var auto = Brief with { LearningRate = null, RatesToTry = [3e-4f, 3e-3f, 1e-2f], Steps = 40, ValidateEvery = 5 };
        var chosen = new FineTuner(device, auto).Tune(Untrained(device), Data(120, 60), "test");
        Assert.Equal(auto.RatesToTry, chosen.Trials.Select(trial => trial.LearningRate));
        Assert.Equal([10, 20, 40], chosen.Trials.Select(trial => trial.History[^1].Step).Order());
        double kept = chosen.History.Min(check => check.ValidationLoss);
        foreach (var trial in chosen.Trials)
        {
            var alone = new FineTuner(device, auto with { LearningRate = trial.LearningRate }).Tune(Untrained(device), Data(120, 60), "test");
            Assert.Equal(alone.History.Take(trial.History.Count), trial.History);
            Assert.True(trial.History.Min(check => check.ValidationLoss) >= kept);
            if (trial.LearningRate == chosen.LearningRate)
            {
                Assert.Equal(alone.History, chosen.History);
                Assert.Equal(alone.BestStep, chosen.BestStep);
                Assert.All(alone.Model.Weights, pair => Assert.Equal(pair.Value, chosen.Model.Weights[pair.Key]));
            }
        }
    }

    [Fact]
    public void Rates_that_break_the_model_are_left_for_one_that_does_not()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var auto = Brief with { LearningRate = null, RatesToTry = [1e-3f, 1e20f, 1e30f] };
        var result = new FineTuner(device, auto).Tune(Untrained(device), Data(120, 60), "test");
        Assert.Equal(1e-3f, result.LearningRate);
        Assert.All(result.History, check => Assert.True(double.IsFinite(check.ValidationLoss)));
    }

    [Theory]
    [InlineData(1, "1:0-100")]
    [InlineData(2, "2:0-50 1:50-100")]
    [InlineData(3, "3:0-30 2:30-50 1:50-100")]
    [InlineData(5, "5:0-20 3:20-30 2:30-50 1:50-100")]
    public void The_better_half_of_the_rates_goes_on_at_halves_of_the_steps(int rates, string expected)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var rungs = new FineTuner(device, new()).Rungs(rates);
        Assert.Equal(expected, string.Join(' ', rungs.Select(rung => $"{rung.Runs}:{rung.From}-{rung.To}")));
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
            return new FineTuner(device, Brief with { Steps = 20, LearningRate = null }).Tune(Untrained(device), Data(120, 60), "test");
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
