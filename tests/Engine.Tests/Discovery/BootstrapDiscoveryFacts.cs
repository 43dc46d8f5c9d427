using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class BootstrapDiscoveryFacts
{
    [Fact]
    public void Resamples_draw_every_row_as_often_as_any_other()
    {
        const int Rows = 41, Resamples = 2000;
        var half = new int[Rows];
        var whole = new int[Rows];
        for (int number = 0; number < Resamples; number++)
        {
            int[] halved = BootstrapDiscovery.RowsOf(Rows, number, ResamplingRule.Half, 3);
            int[] replaced = BootstrapDiscovery.RowsOf(Rows, number, ResamplingRule.WithReplacement, 3);
            Assert.Equal((21, 21, 41), (halved.Length, halved.Distinct().Count(), replaced.Length));
            Assert.True(halved.SequenceEqual(halved.Order()) && replaced.SequenceEqual(replaced.Order()));
            Array.ForEach(halved, row => half[row]++);
            Array.ForEach(replaced, row => whole[row]++);
        }

        // Four and a half standard deviations of 2000 draws at 21/41, and of 82,000 at 1/41.
        Assert.All(half, count => Assert.InRange(count, 1024.4 - 101, 1024.4 + 101));
        Assert.All(whole, count => Assert.InRange(count, 2000 - 199, 2000 + 199));
        Assert.Equal(BootstrapDiscovery.RowsOf(Rows, 5, ResamplingRule.Half, 3), BootstrapDiscovery.RowsOf(Rows, 5, ResamplingRule.Half, 3));
        Assert.NotEqual(BootstrapDiscovery.RowsOf(Rows, 5, ResamplingRule.Half, 3), BootstrapDiscovery.RowsOf(Rows, 5, ResamplingRule.Half, 4));
    }

    [Theory]
    [InlineData(TestChoice.FisherZ, 0)]
    [InlineData(TestChoice.GSquared, 1e-12)] // the order of a column's levels may differ, and with it that of a sum
    [InlineData(TestChoice.ChiSquare, 1e-12)]
    [InlineData(TestChoice.Mixed, 1e-10)] // another level may be the one without an indicator
    public void A_resample_answers_and_searches_as_a_table_of_its_rows_does(TestChoice choice, double tolerance)
    {
        var table = TableOf(400, choice switch { TestChoice.FisherZ => "nnnnn", TestChoice.Mixed => "nlnln", _ => "lllll" });
        var options = new DiscoveryOptions { Test = choice, RankNormalise = false, Alpha = 0.05 };
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(table, new());
        foreach (var rule in Enum.GetValues<ResamplingRule>())
        {
            for (int number = 0; number < 5; number++)
            {
                int[] rows = BootstrapDiscovery.RowsOf(table.Rows, number, rule, 7);
                var gathered = table.Select(rows);
                using var inside = (IDisposable)Open(choice, blocks.Resample(rows), device);
                using var byHand = (IDisposable)Open(choice, BlockEncoding.Of(gathered, new()), device);

                double[] p = PValues((IIndependenceTest)inside), expected = PValues((IIndependenceTest)byHand);
                Assert.All(expected.Zip(p), pair => Assert.Equal(pair.First, pair.Second, tolerance));
                var graph = PcSearch.Run(
                    (IIndependenceTest)inside, Variables(table), options, cancellation: TestContext.Current.CancellationToken).Graph;
                Assert.Equal(Discover(gathered, options).Graph.ToString(), graph.ToString());
            }
        }
    }

    [Theory]
    [InlineData("nnnnnn", SearchAlgorithm.Pc)]
    [InlineData("nlnlnl", SearchAlgorithm.Pc)]
    [InlineData("nnnnnn", SearchAlgorithm.Fci)]
    public void Confidence_and_ensemble_are_the_same_on_any_number_of_threads(string columns, SearchAlgorithm algorithm)
    {
        var table = TableOf(200, columns);
        var options = new DiscoveryOptions { Bootstraps = 12, EnsembleSize = 3, Algorithm = algorithm, Alpha = 0.05 };

        var one = Discover(table, options, threads: 1);
        var five = Discover(table, options, threads: 5);

        Assert.Equal(one.Confidence!.Counts(), five.Confidence!.Counts());
        Assert.Equal(one.Ensemble.Select(dag => dag.ToString()), five.Ensemble.Select(dag => dag.ToString()));
        Assert.Equal(Discover(table, options with { Bootstraps = 0, EnsembleSize = 0 }).Graph.ToString(), one.Graph.ToString());
        Assert.NotEqual(one.Confidence.Counts(), Discover(table, options with { Seed = 2 }).Confidence!.Counts());
        Assert.Equal((12, 3), (one.Confidence.Graphs, one.Ensemble.Count));
    }

    [Fact]
    public void Strong_edges_are_found_again_and_equivalent_directions_stay_open()
    {
        // A causes B causes C, whose directions no data tell; D and E cause F, which data do tell.
        var random = new Random(82);
        double[][] values = [.. Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, 1000).Select(_ => Normal(random)).ToArray())];
        for (int row = 0; row < 1000; row++)
        {
            values[1][row] += values[0][row];
            values[2][row] += values[1][row];
            values[5][row] += values[3][row] + values[4][row];
        }

        var table = new Table([.. values.Select((cells, i) => new Column($"{"ABCDEF"[i]}", ColumnKind.Numeric, cells, decimals: 6))]);

        var confidence = Discover(table, new() { Bootstraps = 100 }).Confidence!;

        Assert.All([(0, 1), (1, 2), (3, 5), (4, 5)], pair => Assert.Equal(1, confidence.Joined(pair.Item1, pair.Item2)));
        Assert.All([(0, 1), (1, 2)], pair => Assert.InRange(confidence.Direction(pair.Item1, pair.Item2), 0.4, 0.6));
        Assert.All([(3, 5), (4, 5)], pair => Assert.InRange(confidence.Direction(pair.Item1, pair.Item2), 0.9, 1));
        Assert.InRange(confidence.Joined(0, 2), 0, 0.3);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(120)]
    public void Gaps_constants_and_rare_levels_do_no_harm_and_every_graph_can_be_fitted(int rows)
    {
        var random = new Random(83);
        double[] number = [.. Enumerable.Range(0, rows).Select(_ => Normal(random))];
        var table = new Table(
        [
            new("number", ColumnKind.Numeric, number, decimals: 6),
            new("noisy", ColumnKind.Numeric, [.. number.Select(value => value + Normal(random))], decimals: 6),
            new("copy", ColumnKind.Numeric, number, decimals: 6),
            new("gaps", ColumnKind.Numeric, [.. number.Select((value, i) => i % 7 == 0 ? double.NaN : value + Normal(random))], decimals: 6),
            new("sign", ColumnKind.Boolean, [.. number.Select(value => value > 0 ? 1.0 : 0)], ["no", "yes"]),
            new("rare", ColumnKind.Categorical, [.. number.Select((_, i) => i == 3 ? 1.0 : 0)], ["a", "b"]),
            new("same", ColumnKind.Numeric, [.. number.Select(_ => 0.1)], decimals: 1),
            new("same2", ColumnKind.Numeric, [.. number.Select(_ => 0.7)], decimals: 1),
        ]);
        foreach (var rule in Enum.GetValues<ResamplingRule>())
        {
            var result = Discover(table, new() { Bootstraps = 8, EnsembleSize = 3, Resampling = rule });

            Assert.Equal(8, result.Confidence!.Graphs);
            Assert.All(Enumerable.Range(0, 6), other => Assert.Equal(0, result.Confidence.Joined(other, 6) + result.Confidence.Joined(other, 7)));
            Assert.Equal(0, result.Confidence.Joined(6, 7));
            Assert.Equal(3, result.Ensemble.Count);
        }

        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var drawn = Discover(table, new() { Bootstraps = 8, EnsembleSize = 2 }).Ensemble;
        Assert.All(drawn, dag => Assert.Equal(8, StructuralCausalModel.Fit(table, dag, new ScmOptions(), device).Graph.Count));
    }

    [Fact]
    public void The_seed_of_all_options_reaches_the_resamples()
    {
        var table = TableOf(100, "nnnnn");
        var options = new DiscoveryOptions { Bootstraps = 10 };
        using var device = ComputeDevice.Open(DeviceKind.Cpu);

        var result = new CausalMix(device, new() { Seed = 5, Discovery = options }).Discover(table);

        Assert.Equal(Discover(table, options with { Seed = 5 }).Confidence!.Counts(), result.Confidence!.Counts());
    }

    [Fact]
    public void An_ensemble_without_resamples_is_refused()
    {
        var fault = Assert.Throws<InputException>(() => Discover(TableOf(100, "nn"), new() { EnsembleSize = 8 }));
        Assert.Contains("--bootstrap 100", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_rises_to_one_and_cancelling_stops()
    {
        var told = new Shares();
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var table = TableOf(100, "nnnnn");
        CausalDiscovery.Discover(table, new() { Bootstraps = 9 }, device, told, TestContext.Current.CancellationToken);

        Assert.Equal(told.All.Order(), told.All);
        Assert.Equal(1, told.All[^1], 1e-12);
        Assert.True(told.All.Count > 9);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => CausalDiscovery.Discover(
            table, new() { Bootstraps = 1_000_000 }, device, new StopAt(stop, 0.00001), stop.Token));
    }

    static double[] PValues(IIndependenceTest test)
    {
        var queries = new QueryBatch(1);
        for (int x = 0; x < 5; x++)
        {
            for (int y = 0; y < x; y++)
            {
                for (int given = 0; given < 5; given++)
                {
                    if (given != x && given != y)
                    {
                        queries.Add(x, y, [given]);
                    }
                }
            }
        }

        var p = new double[queries.Count];
        test.PValues(queries, p);
        return p;
    }

    static IIndependenceTest Open(TestChoice choice, BlockEncoding blocks, ComputeDevice device) => choice switch
    {
        TestChoice.FisherZ => new FisherZTest(blocks, device),
        TestChoice.Mixed => new MixedLikelihoodRatioTest(blocks, device),
        TestChoice.ChiSquare => new GSquaredTest(blocks, device, ContingencyStatistic.Pearson),
        _ => new GSquaredTest(blocks, device),
    };

    static Variable[] Variables(Table table) => [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];

    static DiscoveryResult Discover(Table table, DiscoveryOptions options, int? threads = null)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
        return CausalDiscovery.Discover(table, options, device, cancellation: TestContext.Current.CancellationToken);
    }

    // Each column leans a little on the two before it: n is a number, l a level of three.
    static Table TableOf(int rows, string kinds)
    {
        var random = new Random(84);
        var columns = new List<Column>();
        for (int c = 0; c < kinds.Length; c++)
        {
            var values = new double[rows];
            for (int row = 0; row < rows; row++)
            {
                double sum = Normal(random);
                for (int parent = Math.Max(0, c - 2); parent < c; parent++)
                {
                    sum += 0.4 * columns[parent].Values[row];
                }

                values[row] = kinds[c] == 'n' ? sum : sum < 0 ? 0 : sum < 1 ? 1 : 2;
            }

            columns.Add(kinds[c] == 'n'
                ? new($"c{c}", ColumnKind.Numeric, values, decimals: 6)
                : new($"c{c}", ColumnKind.Categorical, values, ["a", "b", "c"]));
        }

        return new(columns);
    }

    static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    sealed class Shares : IProgress<double>
    {
        public List<double> All { get; } = [];

        public void Report(double value) => All.Add(value);
    }

    sealed class StopAt(CancellationTokenSource source, double share) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value >= share)
            {
                source.Cancel();
            }
        }
    }
}
