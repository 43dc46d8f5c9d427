using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>A study worked off with a model so small that it takes a moment.</summary>
public sealed class StudyRunnerFacts : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("causalmixft-runner-");
    readonly ComputeDevice _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
    readonly List<CopyGenerator> _made = [];
    readonly Study _study;

    public StudyRunnerFacts()
    {
        WriteTable("a", 160, seed: 1);
        WriteTable("b", 170, seed: 2);
        _study = new()
        {
            Name = "small",
            Tables = _folder.FullName,
            Splits = 1,
            Rows = [40],
            Shares = [null, 0.5],
            Arms = [.. StudyArm.References, .. StudyArm.Product(
                ["copy"], [1, 2], [SyntheticUse.Mixed], [SyntheticLabels.Hard], [false, true]),
                .. StudyArm.Product(["copy"], [1], [SyntheticUse.Staged, SyntheticUse.Only], [SyntheticLabels.Hard, SyntheticLabels.Soft], [false])],
            FineTuning = new() { Steps = 4, ValidateEvery = 2, LearningRate = 3e-3f, ContextRows = 20, QueryRows = 10 },
            Prediction = new() { Members = 2 },
        };
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Every_unit_has_probabilities_of_the_same_rows()
    {
        var results = Run(_study, "all.db");
        Assert.Equal(StudyPlan.Of(_study, ["a", "b"]).Units.ToHashSet(), results.Select(result => result.Unit).ToHashSet());
        foreach (var draw in results.GroupBy(result => (result.Unit.Table, result.Unit.Share)))
        {
            Assert.All(draw, result =>
            {
                Assert.Null(result.Fault);
                Assert.Equal(draw.First().TestLabels, result.TestLabels);
                Assert.Equal(draw.First().ValidationLabels, result.ValidationLabels);
                Assert.Equal(2 * result.TestLabels.Length, result.TestProbabilities.Length);
                Assert.Equal(2 * result.ValidationLabels.Length, result.ValidationProbabilities.Length);
                Assert.All(result.TestProbabilities, p => Assert.InRange(p, 0, 1));
                Assert.Equal(40, result.TrainCounts.Sum());
                Assert.Equal(10, result.ValidationLabels.Length);
                Assert.True(result.PeakBytes > 0);
            });
        }

        // Four steps, validated at 0, 2 and 4, with the test rows watched.
        Assert.All(results.Where(result => result.Unit.Arm == "real" || result.Unit.Arm.StartsWith("copy", StringComparison.Ordinal)), result =>
        {
            Assert.Equal([0, 2, 4], result.Checkpoints.Select(check => check.Step));
            Assert.All(result.Checkpoints, check => Assert.True(check.TestLoss > 0 && check.TestAuc is >= 0 and <= 1));
        });
        Assert.All(results.Where(result => result.Unit.Share == 0.5), result => Assert.Equal([20, 20], result.TrainCounts));
    }

    [Fact]
    public void Test_rows_keep_the_tables_shares_and_are_the_same_along_a_sweep()
    {
        var results = Run(_study with { Arms = [new(ArmKind.Logistic)] }, "sweep.db").Where(result => result.Unit.Table == "a").ToArray();
        Assert.Equal(2, results.Length);
        Assert.Equal(results[0].TestLabels, results[1].TestLabels);

        // 160 rows of which a quarter is of the rarer class, a fifth of them test rows.
        Assert.Equal([24, 8], new[] { results[0].TestLabels.Count(label => label == 0), results[0].TestLabels.Count(label => label == 1) });
    }

    [Fact]
    public void What_is_done_in_pieces_is_what_is_done_at_once()
    {
        var whole = Run(_study, "whole.db");
        foreach (var arms in _study.Arms.Reverse().Chunk(2))
        {
            Run(_study with { Arms = arms }, "pieces.db");
        }

        var pieces = Run(_study, "pieces.db");
        Assert.Equal(whole.Length, pieces.Length);
        foreach (var (one, other) in whole.Zip(pieces))
        {
            StudyStoreFacts.AssertSame(one, other);
        }
    }

    [Fact]
    public void Shards_come_to_what_the_whole_comes_to()
    {
        var whole = Run(_study, "whole.db");
        var plan = StudyPlan.Of(_study, ["a", "b"]);
        foreach (int number in (int[])[1, 2, 3])
        {
            using var store = StudyStore.Open(At($"shard{number}.db"));
            Runner(_study).Run(plan.Shard(number, 3), store, cancellation: TestContext.Current.CancellationToken);
        }

        using var merged = StudyStore.Open(At("merged.db"));
        Assert.Equal(plan.Count, ((int[])[3, 1, 2]).Sum(number => merged.Merge(At($"shard{number}.db"))));
        foreach (var (one, other) in whole.Zip(merged.Results()))
        {
            StudyStoreFacts.AssertSame(one, other);
        }
    }

    [Fact]
    public void A_generator_sees_the_training_rows_of_a_draw_once()
    {
        var results = Run(_study with { Include = ["a"] }, "once.db");

        // Two draws; each asks the same generator for K = 1, K = 2 and validation rows.
        Assert.Equal(2, _made.Count);
        Assert.All(_made, generator =>
        {
            Assert.Equal(40, generator.Seen!.Rows);
            Assert.Equal(3, generator.Asked.Count);
            Assert.Equal(generator.Asked[0].Rows.Select(count => 2 * count), generator.Asked[2].Rows);
            Assert.Equal(10, generator.Asked[1].Rows.Sum());
            Assert.Equal(generator.Asked[0].Seed, generator.Asked[2].Seed);
            Assert.NotEqual(generator.Asked[0].Seed, generator.Asked[1].Seed);
        });
        var synthetic = results.Where(result => result.Unit.Arm.StartsWith("copy K=1", StringComparison.Ordinal)).ToArray();
        Assert.All(synthetic, result => Assert.Equal(1, result.Quality["exact copies"]));
        Assert.All(synthetic, result => Assert.Equal(
            ["encode", "fit", "judge", "predict", "sample", "tune"], result.Seconds.Keys.Order(StringComparer.Ordinal)));
    }

    // A store from before options came up stays valid: its units keep their names, and are not done again.
    [Fact]
    public void Other_options_of_a_generator_are_other_units_of_the_same_seeds()
    {
        var before = Run(_study with { Include = ["a"] }, "options.db");
        CopyGenerator[] plain = [.. _made];
        Assert.Equal(before.Length, Run(_study with { Include = ["a"] }, "options.db").Length);
        Assert.Equal(plain, _made);

        StudyArm[] more = [.. StudyArm.Product(["copy steps=3", "copy steps=4"], [1], [SyntheticUse.Mixed], [SyntheticLabels.Hard], [false, true])];
        var grown = _study with { Include = ["a"], Arms = [.. more, .. _study.Arms] };
        var progress = new StudyProgress(StudyPlan.Of(grown, ["a"]));
        using (var store = StudyStore.OpenExisting(At("options.db")))
        {
            progress.Refresh(store);
        }

        Assert.Equal(before.Length, progress.Done);
        Assert.Equal(
            (string[])["copy steps=3 K=1 mixed hard", "copy steps=3 K=1 mixed hard +validation", "copy steps=4 K=1 mixed hard", "copy steps=4 K=1 mixed hard +validation"],
            progress.LeftOf(progress.Left.First()).Select(arm => arm.Name));
        var after = Run(grown, "options.db");
        Assert.Equal(before.Length + 2 * more.Length, after.Length);
        foreach (var (one, other) in before.Zip(after.Where(result => !result.Unit.Arm.Contains("steps", StringComparison.Ordinal))))
        {
            StudyStoreFacts.AssertSame(one, other);
        }

        // Two draws, each with a fit for each choice of options, of the seeds that the generator has without.
        CopyGenerator[] chosen = [.. _made.Except(plain)];
        Assert.Equal((string[])["copy steps=3", "copy steps=4", "copy steps=3", "copy steps=4"], chosen.Select(made => made.Name));
        Assert.Equal(plain.SelectMany(made => (ulong[])[made.FitSeed, made.FitSeed]), chosen.Select(made => made.FitSeed));
        Assert.All(chosen.Chunk(2).Zip(plain), pair => Assert.All(
            pair.First, made => Assert.Equal(pair.Second.Asked.Take(2).Select(asked => asked.Seed), made.Asked.Select(asked => asked.Seed))));
    }

    [Fact]
    public void What_is_not_possible_is_on_record_with_the_reason()
    {
        var results = Run(_study with { Rows = [40, 100], Shares = [0.5], Include = ["a"], Arms = [new(ArmKind.Logistic), new(ArmKind.Untuned)] }, "few.db");
        Assert.All(results.Where(result => result.Unit.Rows == 40), result => Assert.Null(result.Fault));
        Assert.All(results.Where(result => result.Unit.Rows == 100), result => Assert.Equal(
            "not possible: class 'yes' has 32 rows outside the test rows, but 50 training and 13 validation rows of it are needed", result.Fault));
        Assert.Equal(4, results.Length);
    }

    [Fact]
    public void A_table_that_cannot_be_used_is_on_record_and_the_others_are_done()
    {
        File.WriteAllText(At("c.csv"), "x,y\n1,2\n");
        var results = Run(_study with { Arms = [new(ArmKind.Logistic)], Shares = [null] }, "c.db");
        Assert.Equal(3, results.Length);
        Assert.Equal("not possible: no target is known; name it in a file c.json beside the table.", results.Single(result => result.Unit.Table == "c").Fault);
        Assert.All(results.Where(result => result.Unit.Table != "c"), result => Assert.Null(result.Fault));
    }

    [Fact]
    public void An_arm_that_fails_takes_no_other_with_it()
    {
        var arms = _study.Arms.Concat(StudyArm.Product(["broken"], [1], [SyntheticUse.Mixed], [SyntheticLabels.Hard], [false])).ToArray();
        var results = Run(_study with { Arms = arms, Include = ["b"] }, "broken.db");
        Assert.Equal(2, results.Count(result => result.Fault is not null));
        Assert.All(
            results.Where(result => result.Unit.Arm == "broken K=1 mixed hard"),
            result => Assert.Equal("internal fault: NotSupportedException: broken on purpose", result.Fault));
    }

    [Fact]
    public void Another_table_under_the_same_name_is_refused()
    {
        var one = _study with { Arms = [new(ArmKind.Logistic)], Include = ["a"], Shares = [null] };
        Run(one, "table.db");
        WriteTable("a", 180, seed: 9);
        var fault = Assert.Throws<InputException>(() => Run(one with { Shares = [0.5] }, "table.db"));
        Assert.Contains("made with table a = ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_keeps_what_is_done()
    {
        using var ending = new CancellationTokenSource();
        using var store = StudyStore.Open(At("cancel.db"));
        var runner = new StudyRunner(_study, Model(), _device, name => Made(name, ending.Cancel), "test");
        Assert.ThrowsAny<OperationCanceledException>(() => runner.Run(StudyPlan.Of(_study, ["a", "b"]), store, ending.Token));

        // The five arms without a generator; the sixth asked for one, which cancelled.
        Assert.Equal(5, store.Done().Count);
        Assert.Empty(StudyClaims.Working(store));
    }

    [Fact]
    public void Prior_correction_is_of_the_untuned_model()
    {
        var results = Run(_study with { Arms = [new(ArmKind.Untuned), new(ArmKind.PriorCorrected)], Include = ["a"], Shares = [null] }, "prior.db");
        var (plain, corrected) = (results.Single(result => result.Unit.Arm == "un-tuned"), results.Single(result => result.Unit.Arm != "un-tuned"));
        double[] prior = [.. plain.TrainCounts.Select(count => count / 40.0)];
        for (int row = 0; row < plain.TestLabels.Length; row++)
        {
            double p = plain.TestProbabilities[2 * row], q = plain.TestProbabilities[2 * row + 1];
            double expected = p * p / prior[0] / (p * p / prior[0] + q * q / prior[1]);
            Assert.Equal(expected, corrected.TestProbabilities[2 * row], 1e-6); // rounding to float: 6e-8
        }
    }

    StudyResult[] Run(Study study, string name)
    {
        using var store = StudyStore.Open(At(name));
        Runner(study).Run(StudyPlan.Of(study, [.. TableFile.In(study.Tables).Select(TableFile.NameOf)]), store);
        return [.. store.Results()];
    }

    StudyRunner Runner(Study study) => new(study, Model(), _device, name => Made(name), "test");

    CopyGenerator Made(string name, Action? onFit = null)
    {
        var made = new CopyGenerator { Name = name, OnFit = onFit };
        _made.Add(made);
        return made;
    }

    TabularModel Model()
    {
        using var transformer = new TabularTransformer(_device, new TransformerConfig { Width = 16, Heads = 2, Hidden = 32, Layers = 1 });
        transformer.Parameters.Initialize(seed: 5);
        return TabularModel.From(transformer, "untrained, for tests");
    }

    // A number, a name, and a class that a quarter of the rows are of, which the number tells in part.
    void WriteTable(string name, int rows, int seed)
    {
        var random = new Random(seed);
        var lines = Enumerable.Range(0, rows).Select(row =>
            FormattableString.Invariant($"{random.NextDouble() * 10 + (row % 4 == 0 ? 3 : 0):0.00},{(random.Next(3) == 0 ? "red" : "blue")},{(row % 4 == 0 ? "yes" : "no")}"));
        File.WriteAllText(At(name + ".csv"), string.Join('\n', lines.Prepend("x,colour,y")) + "\n");
        File.WriteAllText(At(name + ".json"), "{ \"target\": \"y\" }");
    }

    string At(string name) => Path.Combine(_folder.FullName, name);

    // Gives training rows of each class back, in turn.
    sealed class CopyGenerator : IRowGenerator, IFittedGenerator
    {
        public required string Name { get; init; }

        public Action? OnFit { get; init; }

        public ClassificationTask? Seen { get; private set; }

        public ulong FitSeed { get; private set; }

        public List<(int[] Rows, ulong Seed)> Asked { get; } = [];

        public IFittedGenerator Fit(ClassificationTask rows, ulong seed, IProgress<double>? progress, CancellationToken cancellation)
        {
            OnFit?.Invoke();
            cancellation.ThrowIfCancellationRequested();
            FitSeed = seed;
            Seen = Name == "broken" ? throw new NotSupportedException("broken on purpose") : rows;
            return this;
        }

        public Table Sample(IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress, CancellationToken cancellation)
        {
            Asked.Add(([.. rowsOfClass], seed));
            var rows = new List<int>();
            for (int label = 0; label < rowsOfClass.Count; label++)
            {
                int[] members = [.. Enumerable.Range(0, Seen!.Rows).Where(row => Seen.Labels[row] == label)];
                rows.AddRange(Enumerable.Range(0, rowsOfClass[label]).Select(i => members[i % members.Length]));
            }

            return Seen!.Table.Select([.. rows]);
        }
    }
}
