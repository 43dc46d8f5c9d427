using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>What holds for every optimiser: it learns, goes on where it was stopped, and heeds no number of threads.</summary>
public class TransformerTrainerFacts(ITestOutputHelper output)
{
    const int Tables = 2, Context = 4, Query = 3;

    static readonly TransformerConfig Tiny = new() { Width = 4, Heads = 2, Hidden = 6, Layers = 1, Classes = 2 };

    static readonly Dictionary<string, OptimizerOptions> Options = new()
    {
        ["AdamW"] = new AdamWOptions { WeightDecay = 0.01f },
        ["schedule-free"] = new ScheduleFreeOptions { AdamW = new() { WeightDecay = 0.01f } },
        ["Muon"] = new MuonOptions { WeightDecay = 0.01f },
        ["Muon, original scale"] = new MuonOptions { Scale = MuonScale.Original, AdamWRate = 0.5f },
    };

    public static IEnumerable<TheoryDataRow<string>> Names() => Options.Keys.Select(name => new TheoryDataRow<string>(name));

    public static IEnumerable<TheoryDataRow<DeviceKind, string>> Everywhere() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from name in Options.Keys
        select new TheoryDataRow<DeviceKind, string>(kind, name);

    static float Rate(int step) => 0.01f * (1 + step % 3);

    // A row's class is the sign of its first column, or in every second table the opposite: only the context tells which.
    static (EpisodeBatch Batch, int[] Labels, int[] Classes) Draw(int seed, int tables = Tables, int columns = 2)
    {
        const int Rows = Context + Query;
        float[] cells = Array.ConvertAll(Values.Draw(seed, tables * Rows * columns), v => (float)v);
        int Class(int table, int row) => cells[(table * Rows + row) * columns] > 0 ^ table % 2 == 0 ? 1 : 0;
        float[] context = [.. Enumerable.Range(0, tables * Context).Select(i => (float)Class(i / Context, i % Context))];
        int[] query = [.. Enumerable.Range(0, tables * Query).Select(i => Class(i / Query, Context + i % Query))];
        return (new(tables, Context, Query, columns, cells, context), query, [.. Enumerable.Repeat(2, tables)]);
    }

    static double Step(TransformerTrainer trainer)
    {
        var (batch, labels, classes) = Draw(trainer.Steps);
        return trainer.Step(batch, labels, classes, Rate(trainer.Steps));
    }

    static TabularTransformer Model(ComputeDevice device, TransformerConfig config)
    {
        var model = new TabularTransformer(device, config);
        model.Parameters.Initialize(seed: 3);
        return model;
    }

    [Theory, MemberData(nameof(Everywhere))]
    public void A_run_that_was_stopped_goes_on_bit_for_bit(DeviceKind kind, string name)
    {
        using var device = ComputeDevice.Open(kind);
        using var through = Model(device, Tiny);
        using var trainer = new TransformerTrainer(through, Options[name]);
        Step(trainer);
        Step(trainer);
        var state = trainer.State();
        float[] weights = through.Parameters.Weights.ToArray();

        // Looking at the result in between changes nothing.
        trainer.Optimizer.ShowResult();
        trainer.Optimizer.HideResult();
        Step(trainer);
        Step(trainer);

        using var stopped = new TabularTransformer(device, Tiny);
        stopped.Parameters.Weights.CopyFrom(weights);
        using var next = new TransformerTrainer(stopped, Options[name]);
        next.Restore(state);
        Step(next);
        Step(next);

        Assert.Equal(4, next.Steps);
        Assert.Equal(through.Parameters.Weights.ToArray(), stopped.Parameters.Weights.ToArray());
        Assert.NotEqual(weights, stopped.Parameters.Weights.ToArray());
        TrainingState a = trainer.State(), b = next.State();
        Assert.Equal(a.Arrays.Keys, b.Arrays.Keys);
        Assert.All(a.Arrays, pair => Assert.Equal(pair.Value, b.Arrays[pair.Key]));
        Assert.Equal(a.Scalars, b.Scalars);
    }

    [Theory, MemberData(nameof(Names))]
    public void One_thread_and_three_give_the_same_bits(string name)
    {
        float[][] runs = [.. new[] { 1, 3 }.Select(threads =>
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            using var model = Model(device, Tiny with { Width = 32, Hidden = 80, Layers = 2 });
            using var trainer = new TransformerTrainer(model, Options[name]);
            Step(trainer);
            Step(trainer);
            Step(trainer);
            return model.Parameters.Weights.ToArray();
        })];
        Assert.Equal(runs[0], runs[1]);
    }

    [Theory, MemberData(nameof(Everywhere))]
    public void Every_device_takes_the_same_steps(DeviceKind kind, string name)
    {
        // A large epsilon, for AdamW otherwise makes a whole step of a gradient that is 0 but for rounding.
        static AdamWOptions Calm(AdamWOptions options) => options with { Epsilon = 1e-3f };
        OptimizerOptions options = Options[name] switch
        {
            ScheduleFreeOptions free => free with { AdamW = Calm(free.AdamW) },
            MuonOptions muon => muon with { AdamW = Calm(muon.AdamW) },
            var adamW => Calm((AdamWOptions)adamW),
        };
        float[] After(DeviceKind which)
        {
            using var device = ComputeDevice.Open(which);
            using var model = Model(device, Tiny);
            using var trainer = new TransformerTrainer(model, options);
            Step(trainer);
            Step(trainer);
            trainer.Optimizer.ShowResult();
            return model.Parameters.Weights.ToArray();
        }

        // Small singular values grow 485 times, and their rounding with them: worst seen 2.4e-6.
        double error = Values.LargestDifference(Array.ConvertAll(After(DeviceKind.Cpu), v => (double)v), After(kind));
        output.WriteLine($"{kind}, {name}: {error:e1}");
        Assert.InRange(error, 0, 1.5e-5);
    }

    [Theory, MemberData(nameof(Names))]
    public void Some_steps_learn_a_rule_that_is_in_the_context(string name)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = Model(device, Tiny with { Width = 16, Heads = 2, Hidden = 32, Layers = 2 });
        using var trainer = new TransformerTrainer(model, Options[name]);
        var losses = new List<double>();
        for (int step = 0; step < 200; step++)
        {
            var (batch, labels, classes) = Draw(step, tables: 16, columns: 1);
            losses.Add(trainer.Step(batch, labels, classes, 0.01f));
        }

        double first = losses.Take(20).Average(), last = losses.TakeLast(20).Average();
        output.WriteLine($"{name}: {first:f3} -> {last:f3}");

        // Chance is log 2 = 0.69; worst seen 0.43, AdamW's.
        Assert.InRange(last, 0, 0.55);
        Assert.True(last < first);
    }

    [Fact]
    public void Certain_soft_labels_give_the_bits_of_hard_ones()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var (batch, labels, _) = Draw(1);
        int[] classes = [2, 2];
        float[] certain = [.. labels.SelectMany(label => new[] { label == 0 ? 1f : 0, label == 1 ? 1f : 0, 0 })];
        (double Loss, float[] Gradients) Run(Func<TransformerTrainer, double> accumulate)
        {
            using var model = Model(device, Tiny with { Classes = 3 });
            using var trainer = new TransformerTrainer(model, new AdamWOptions());
            return (accumulate(trainer), model.Parameters.Gradients.ToArray());
        }

        var hard = Run(trainer => trainer.Accumulate(batch, labels, classes, 0.7f));
        var soft = Run(trainer => trainer.Accumulate(batch, certain, classes, 0.7f));
        Assert.Equal(hard.Loss, soft.Loss);
        Assert.Equal(hard.Gradients, soft.Gradients);

        // And uncertain ones do not.
        float[] half = [.. labels.SelectMany(_ => new[] { 0.5f, 0.5f, 0 })];
        Assert.NotEqual(hard.Gradients, Run(trainer => trainer.Accumulate(batch, half, classes, 0.7f)).Gradients);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Several_batches_of_a_step_add_up_by_their_weights(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var model = Model(device, Tiny);
        float[] Gradients(params (int Seed, int Tables, int Columns, float Weight)[] batches)
        {
            model.Parameters.ClearGradients();
            using var trainer = new TransformerTrainer(model, new AdamWOptions());
            foreach (var (seed, tables, columns, weight) in batches)
            {
                var (batch, labels, classes) = Draw(seed, tables, columns);
                trainer.Accumulate(batch, labels, classes, weight);
            }

            return model.Parameters.Gradients.ToArray();
        }

        float[] one = Gradients((1, 2, 2, 1)), other = Gradients((2, 1, 3, 1));
        double[] expected = [.. one.Zip(other, (a, b) => 0.75 * a + 0.25 * b)];
        Assert.InRange(Values.LargestDifference(expected, Gradients((1, 2, 2, 0.75f), (2, 1, 3, 0.25f))), 0, 1e-6);
    }

    [Fact]
    public void A_step_of_parts_is_the_step_of_the_whole()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using TabularTransformer whole = Model(device, Tiny), parts = Model(device, Tiny);
        using var atOnce = new TransformerTrainer(whole, new AdamWOptions());
        using var inParts = new TransformerTrainer(parts, new AdamWOptions());
        var (batch, labels, classes) = Draw(1);
        double loss = atOnce.Step(batch, labels, classes, 0.01f);
        Assert.Equal(loss, inParts.Accumulate(batch, labels, classes));
        Assert.Throws<InvalidOperationException>(() => inParts.State());
        inParts.Update(0.01f);
        Assert.Throws<InvalidOperationException>(() => inParts.Update(0.01f));
        Assert.Equal(whole.Parameters.Weights.ToArray(), parts.Parameters.Weights.ToArray());
        Assert.Equal(1, inParts.Steps);
    }

    [Fact]
    public void A_state_of_something_else_is_refused()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using TabularTransformer small = Model(device, Tiny), large = Model(device, Tiny with { Layers = 2 });
        using var adamW = new TransformerTrainer(small, Options["AdamW"]);
        using var scheduleFree = new TransformerTrainer(small, Options["schedule-free"]);
        using var other = new TransformerTrainer(large, Options["AdamW"]);
        Assert.Contains("'fast'", Assert.Throws<ArgumentException>(() => scheduleFree.Restore(adamW.State())).Message);
        Assert.Contains("another model", Assert.Throws<ArgumentException>(() => other.Restore(adamW.State())).Message);
    }

    [Fact]
    public void The_schedule_free_average_must_be_hidden_before_a_step()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = Model(device, Tiny);
        using var trainer = new TransformerTrainer(model, Options["schedule-free"]);
        Step(trainer);
        Step(trainer);
        float[] training = model.Parameters.Weights.ToArray();
        trainer.Optimizer.ShowResult();
        Assert.NotEqual(training, model.Parameters.Weights.ToArray());
        Assert.Throws<InvalidOperationException>(() => trainer.State());
        Assert.Throws<InvalidOperationException>(() => Step(trainer));
        trainer.Optimizer.HideResult();
        Assert.Equal(training, model.Parameters.Weights.ToArray());
    }

    [Theory, MemberData(nameof(Everywhere))]
    public void Every_device_is_closed_without_a_leak(DeviceKind kind, string name)
    {
        using var device = ComputeDevice.Open(kind);
        using (var model = Model(device, Tiny))
        using (var trainer = new TransformerTrainer(model, Options[name]))
        {
            Step(trainer);
        }

        Assert.Equal(0, device.LiveBytes);
    }
}
