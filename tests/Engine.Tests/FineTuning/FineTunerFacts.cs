using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
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
    public void Stages_are_episodes_of_synthetic_rows_and_then_of_real_ones()
    {
        // Weights that do not move show whose rows the losses are of.
        var still = Brief with { LearningRate = 1e-30f, Steps = 20, ValidateEvery = 5, Patience = 9 };
        var data = Data(120, 60) with { Synthetic = Rows(200, seed: 9) };
        double[] real = TrainLosses(still, data with { Synthetic = null }), mixed = TrainLosses(still, data);
        double[] only = TrainLosses(still with { Use = SyntheticUse.Only }, data), staged = TrainLosses(still with { Use = SyntheticUse.Staged }, data);
        Assert.Equal(only[..2], staged[..2]);
        Assert.Equal(real[2..], staged[2..]);
        Assert.Equal(only, TrainLosses(still, data with { Train = data.Synthetic!, Synthetic = null }));
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(3, new[] { real[i], mixed[i], only[i] }.Distinct().Count()));

        static double[] TrainLosses(FineTuneOptions options, FineTuneData data)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu);
            return [.. new FineTuner(device, options).Tune(Untrained(device), data, "test").History.Skip(1).Select(check => check.TrainLoss)];
        }
    }

    [Fact]
    public void Patience_begins_with_the_stage_of_real_rows()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var hopeless = Brief with { LearningRate = 100, Steps = 20, ValidateEvery = 5, Patience = 1 };
        var data = Data(120, 60) with { Synthetic = Rows(200, seed: 9) };
        Assert.Equal(5, new FineTuner(device, hopeless).Tune(Untrained(device), data, "test").History[^1].Step);
        var staged = new FineTuner(device, hopeless with { Use = SyntheticUse.Staged }).Tune(Untrained(device), data, "test");
        Assert.Equal([0, 5, 10, 15], staged.History.Select(check => check.Step));
    }

    [Theory]
    [InlineData(SyntheticUse.Only)]
    [InlineData(SyntheticUse.Mixed)]
    public void Soft_labels_are_what_the_untuned_model_says_with_real_rows_as_context(SyntheticUse use)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var soft = Brief with { LearningRate = 1e-30f, Steps = 3, ValidateEvery = 3, Use = use, Labels = SyntheticLabels.Soft };
        EncodedRows train = Rows(120, 1), synthetic = Rows(200, 9);
        var data = new FineTuneData(train, synthetic, Rows(60, 2), 2);
        double loss = new FineTuner(device, soft).Tune(Untrained(device), data, "test").History[^1].TrainLoss;

        using var transformer = Untrained(device).Load(device);
        using var teacher = new InContextClassifier(transformer, new() { MaxContext = 80, Seed = soft.Seed });
        float[] targets = teacher.Probabilities(train, synthetic, 2);
        ShownRows rows = synthetic;
        if (use == SyntheticUse.Mixed)
        {
            targets = [.. train.Labels.SelectMany(label => new float[] { 1 - label, label }), .. targets];
            rows = train.Concat(synthetic);
        }

        var pool = new EpisodePool(rows, targets, 2, new Philox(soft.Seed).Branch(0x66696E65));
        using var trainer = new TransformerTrainer(transformer, new AdamWOptions());
        double expected = Enumerable.Range(0, 3).Sum(step =>
        {
            var episode = pool.Draw(step, new(false, 40, 20, 0), soft.Seed);
            return trainer.Accumulate(episode.Table.Batch, episode.ShownTargets(10), [2]);
        }) / 3;
        Assert.Equal(expected, loss);
        Assert.NotEqual(expected, new FineTuner(device, soft with { Labels = SyntheticLabels.Hard }).Tune(Untrained(device), data, "test").History[^1].TrainLoss);
    }

    [Fact]
    public void Targets_follow_the_classes_to_the_numbers_under_which_they_are_shown()
    {
        // Every row has probabilities of its own; certain ones stand where hard labels would.
        var rows = Rows(50, 4);
        float[] own = [.. Enumerable.Range(0, 50).SelectMany(row => new[] { row / 50f, 1 - row / 50f })];
        var random = new Philox(1);
        for (int step = 0; step < 8; step++)
        {
            var plan = new StepPlan(false, 30, 10, 0);
            var drawn = new EpisodePool(rows, own, 2, random).Draw(step, plan, seed: 1);
            var (_, query) = new EpisodeSampler(rows.Labels, random).Draw((uint)step, 30, 10);
            Assert.Equal(
                query.SelectMany(row => new[] { own[2 * row + NameOf(drawn, 0)], own[2 * row + NameOf(drawn, 1)], 0f }),
                drawn.ShownTargets(3));
            var certain = new EpisodePool(rows, EpisodePool.OneHot(rows, 2), 2, random).Draw(step, plan, seed: 1);
            int[] shown = certain.ShownLabels();
            Assert.Equal(
                shown.SelectMany(label => Enumerable.Range(0, 3).Select(k => k == label ? 1f : 0)), certain.ShownTargets(3));
        }
    }

    [Fact]
    public void Watched_rows_are_scored_and_choose_nothing()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var data = Data(120, 60);
        var alone = new FineTuner(device, Brief).Tune(Untrained(device), data, "test");
        var watching = new FineTuner(device, Brief).Tune(Untrained(device), data with { Watched = Rows(90, 7) }, "test");
        var same = new FineTuner(device, Brief).Tune(Untrained(device), data with { Watched = data.Validation }, "test");

        Assert.All(alone.History, check => Assert.True(double.IsNaN(check.WatchedLoss) && double.IsNaN(check.WatchedAuc)));
        Assert.All(watching.History, check => Assert.True(check.WatchedLoss > 0 && check.WatchedAuc is > 0 and < 1 && check.ValidationAuc is > 0 and <= 1));
        Assert.All(same.History, check => Assert.Equal((check.ValidationLoss, check.ValidationAuc), (check.WatchedLoss, check.WatchedAuc)));
        Assert.Equal(alone.History, watching.History.Select(check => check with { WatchedLoss = double.NaN, WatchedAuc = double.NaN }));
        Assert.All(alone.Model.Weights, pair => Assert.Equal(pair.Value, watching.Model.Weights[pair.Key]));
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

    // The class that an episode shows under a number.
    static int NameOf(Episode episode, int shown) => episode.Table.Names.ToList().IndexOf(shown);

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
