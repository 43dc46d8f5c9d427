using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

public class DiffusionGeneratorFacts
{
    static readonly DiffusionOptions Small = new()
    {
        Steps = 30,
        BatchSize = 64,
        Layers = [32],
        Embedding = 16,
        NoiseSteps = 20,
        MaxLevels = 12,
    };

    public static TheoryData<string> Tables => GeneratorTables.Names;

    [Theory, MemberData(nameof(Tables))]
    public void Handles_every_table(string name)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        GeneratorTables.AssertHandles(new DiffusionGenerator(device, Small), name);
    }

    [Fact]
    public void Compatible_and_respaced_rows_are_valid_too()
    {
        var task = GeneratorTables.Named("missing cells");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (var options in new[] { Small with { Compatible = true }, Small with { SamplingSteps = 7 } })
        {
            var fitted = Fitted(device, options, task);
            GeneratorTables.AssertValid(Sampled(fitted, [9, 14]), task, [9, 14]);
            Assert.Equal(options.Compatible, double.IsNaN(fitted.ValidationLoss));
        }
    }

    [Fact]
    public void Rows_are_the_same_on_any_number_of_threads_and_however_many_are_asked_for()
    {
        var task = GeneratorTables.Named("every kind");
        using var one = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        using var three = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 3 });
        var fitted = Fitted(one, Small, task);
        var rows = Sampled(fitted, [10, 0, 1_100]);
        GeneratorTables.AssertEqual(rows, Sampled(Fitted(three, Small, task), [10, 0, 1_100]));

        // Row i of class 0 stays what it was; row i of class 2 too, in another batch.
        var others = Sampled(fitted, [4, 3, 1_098]);
        GeneratorTables.AssertEqual(
            rows.Select([0, 1, 2, 3, .. Enumerable.Range(10, 1_098)]), others.Select([0, 1, 2, 3, .. Enumerable.Range(7, 1_098)]));
        Assert.NotEqual(rows["x"].Values.ToArray(), Sampled(fitted, [10, 0, 1_100], seed: 3)["x"].Values.ToArray());
    }

    [Fact]
    public void Time_that_is_up_ends_training_and_cancelling_ends_all()
    {
        var task = GeneratorTables.Named("every kind");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var budget = Small with { Steps = 1_000_000, TimeBudget = TimeSpan.FromMilliseconds(300) };
        var fitted = Fitted(device, budget, task);
        Assert.InRange(fitted.Steps, 1, 999_999);
        GeneratorTables.AssertValid(Sampled(fitted, [1, 2, 3]), task, [1, 2, 3]);

        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => new DiffusionGenerator(device, Small).Fit(task, 1, null, cancelled.Token));
        Assert.Throws<OperationCanceledException>(() => fitted.Sample([1, 2, 3], 1, null, cancelled.Token));
    }

    // 300 levels as 12: the rarest share one, and come back as often as they occur among the rows of their class.
    [Fact]
    public void Rare_levels_come_back()
    {
        int[] cells = [.. Enumerable.Range(0, 4_000).Select(row => row % 2 == 0 ? 0 : 10 + row / 2 % 40 + (row % 4 == 1 ? 100 : 0))];
        int[] labels = [.. Enumerable.Range(0, 4_000).Select(row => row % 4 == 1 ? 1 : 0)];
        var column = new Column("c", ColumnKind.Categorical, Array.ConvertAll(cells, cell => (double)cell), [.. Enumerable.Range(0, 300).Select(i => $"L{i}")]);
        var levels = new DiffusionLevels(column, labels, classes: 3, most: 2);
        Assert.Equal(2, levels.Count);
        int rare = levels.Encode(11);
        Assert.NotEqual(rare, levels.Encode(0));
        Assert.Equal(0, levels.Decode(levels.Encode(0), 0, new Philox(1), 0, 0));
        for (int label = 0; label < 3; label++)
        {
            double[] drawn = [.. Enumerable.Range(0, 4_000).Select(row => levels.Decode(rare, label, new Philox(1), row, 0))];
            int[] expected = [.. cells.Where((cell, row) => cell > 0 && (label == 2 || labels[row] == label)).Distinct().Order()];
            Assert.Equal(expected, drawn.Distinct().Order().Select(cell => (int)cell));

            // Equal shares of 4,000 draws: at most 80 levels at 50 each, a standard deviation of 7; five of them.
            int usual = 4_000 / expected.Length;
            Assert.All(drawn.CountBy(cell => cell), pair => Assert.InRange(pair.Value, usual - 5 * Math.Sqrt(usual), usual + 5 * Math.Sqrt(usual)));
        }
    }

    // Two modes of a number × three levels, in shares that differ by class. Six cells of 20,000 rows have a total variation of 0.006 by
    // chance; quantiles close the gap between the modes, so that a smooth network blurs their border: worst seen 0.039. Without the
    // quantiles it is below 0.02 (DiffusionRecoveryFacts).
    [Fact]
    public void Recovers_two_modes_and_three_levels_by_class()
    {
        const int rows = 6_000;
        double[,] shares = { { 0.3, 0.15, 0.05, 0.05, 0.1, 0.35 }, { 0.05, 0.25, 0.2, 0.3, 0.15, 0.05 } };
        var random = new Philox(9);
        var (x, level, label) = (new double[rows], new double[rows], new double[rows]);
        for (int row = 0; row < rows; row++)
        {
            label[row] = row % 2;

            // Exact shares: what is to be recovered is the table's own distribution.
            double place = (row / 2 + 0.5) / (rows / 2);
            int cell = 0;
            for (double sum = shares[row % 2, 0]; place > sum; sum += shares[row % 2, ++cell]) { }

            x[row] = (cell < 3 ? -2 : 2) + 0.5 * random.Normal((uint)row, 0);
            level[row] = cell % 3;
        }

        var task = GeneratorTables.Task(
            new("x", ColumnKind.Numeric, x, null, 15), new("c", ColumnKind.Categorical, level, ["a", "b", "c"]),
            new("y", ColumnKind.Categorical, label, ["no", "yes"]));
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var options = new DiffusionOptions { Steps = 4_000, BatchSize = 512, Layers = [64, 64], Embedding = 32, NoiseSteps = 50 };
        var sample = Sampled(Fitted(device, options, task), [20_000, 20_000]);
        for (int k = 0; k < 2; k++)
        {
            var counts = new double[6];
            for (int row = 20_000 * k; row < 20_000 * (k + 1); row++)
            {
                counts[(sample["x"].Values[row] < 0 ? 0 : 3) + (int)sample["c"].Values[row]]++;
            }

            double variation = counts.Select((count, cell) => Math.Abs(count / 20_000 - shares[k, cell])).Sum() / 2;
            Assert.True(variation < 0.06, $"Class {k}: {variation}");
        }
    }

    static FittedDiffusion Fitted(ComputeDevice device, DiffusionOptions options, ClassificationTask task) =>
        (FittedDiffusion)new DiffusionGenerator(device, options).Fit(task, seed: 1);

    static Table Sampled(FittedDiffusion fitted, int[] rowsOfClass, ulong seed = 2) => fitted.Sample(rowsOfClass, seed);
}
