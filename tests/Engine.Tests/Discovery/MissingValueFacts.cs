using System.Globalization;
using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class MissingValueFacts(ITestOutputHelper output)
{
    [Fact]
    public void Fisher_z_leaves_out_the_rows_that_causal_learn_leaves_out()
    {
        var table = Mv08();
        var stored = Stored().GetProperty("ci").GetProperty("mv_fisherz");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = FisherZ(BlockEncoding.Of(table, new()), device);
        double worst = 0;
        foreach (var entry in stored.EnumerateArray())
        {
            int[] question =
            [
                entry.GetProperty("x").GetInt32(), entry.GetProperty("y").GetInt32(),
                .. entry.GetProperty("S").EnumerateArray().Select(node => node.GetInt32()),
            ];
            double expected = entry.GetProperty("p").GetDouble();
            Assert.Equal(entry.GetProperty("n_used").GetInt32(), test.RowsUsed(question));

            // causal-learn takes 2 (1 − Φ), whose last bit is 2e-16: 1e-12 and below is rounding in its file.
            double p = PValue(test, question);
            worst = Math.Max(worst, expected > 1e-6 ? Math.Abs(p / expected - 1) : Math.Abs(p - expected) * 1e6);
        }

        output.WriteLine($"{stored.GetArrayLength()} questions, largest error {worst:e1}");
        Assert.InRange(worst, 0, 1e-9);
    }

    [Fact]
    public void Pc_with_gaps_finds_the_skeleton_of_causal_learn()
    {
        var table = Mv08();
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var options = new DiscoveryOptions { MaxDepth = null, SeparatingSets = SeparatingSetRule.Union };
        var result = CausalDiscovery.Discover(table, options, device, cancellation: TestContext.Current.CancellationToken);

        var skeleton = Stored().GetProperty("pc")[0].GetProperty("skeleton");
        for (int a = 0; a < table.Columns.Count; a++)
        {
            for (int b = 0; b < table.Columns.Count; b++)
            {
                Assert.Equal(skeleton[a][b].GetInt32() != 0, result.Graph.AreAdjacent(a, b));
            }
        }

        Assert.Contains(result.Notes, note => note.Contains("left those rows out", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(TestChoice.GSquared)]
    [InlineData(TestChoice.ChiSquare)]
    [InlineData(TestChoice.Mixed)]
    public void Every_test_answers_as_on_the_table_of_its_complete_rows(TestChoice choice)
    {
        var table = WithGaps(choice == TestChoice.Mixed);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(table, new());
        IIndependenceTest test = choice == TestChoice.Mixed
            ? new TestWiseDeletion("mixed", blocks, device, complete => new MixedLikelihoodRatioTest(complete, device))
            : Contingency(blocks, choice, device);
        foreach (int[] question in (int[][])[[0, 1], [1, 2], [0, 4, 1], [2, 3, 0], [3, 0, 1, 2], [0, 2, 1, 3, 4]])
        {
            int[] complete = [.. Enumerable.Range(0, table.Rows).Where(row => question.All(v => !double.IsNaN(table.Columns[v].Values[row])))];
            var few = BlockEncoding.Of(table.Select(complete), new());
            IIndependenceTest alone = choice == TestChoice.Mixed ? new MixedLikelihoodRatioTest(few, device) : Contingency(few, choice, device);
            double expected = PValue(alone, question);

            // The most frequent level, which has no indicator, may be another one: determinants of 15 columns in another order.
            Assert.InRange(PValue(test, question), expected * (1 - 1e-9), expected * (1 + 1e-9));
            ((IDisposable)alone).Dispose();
        }

        ((IDisposable)test).Dispose();
    }

    [Fact]
    public void Neither_threads_nor_the_rest_of_the_batch_change_an_answer()
    {
        var blocks = BlockEncoding.Of(WithGaps(mixed: true), new());
        var queries = new QueryBatch(1);
        for (int x = 0; x < 5; x++)
        {
            for (int y = x + 1; y < 5; y++)
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

        double[] one = Run(1), two = Run(2);
        Assert.Equal(one, two);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = Mixed(blocks, device);
        for (int query = 0; query < queries.Count; query++)
        {
            // Another batch is another inner test, whose covariance may be summed in another order of vector lanes.
            Assert.Equal(one[query], PValue(test, queries[query].ToArray()), 1e-11);
        }

        double[] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var test = Mixed(blocks, device);
            var p = new double[queries.Count];
            test.PValues(queries, p);
            return p;
        }

        static TestWiseDeletion Mixed(BlockEncoding blocks, ComputeDevice device) =>
            new("mixed", blocks, device, complete => new MixedLikelihoodRatioTest(complete, device));
    }

    [Fact]
    public void Rows_that_leave_nothing_to_compare_make_p_one()
    {
        // first and second have no row in common; third is known only where first is 1.
        double[] first = [1, 2, 3, 4, 5, 6, .. Enumerable.Repeat(double.NaN, 6)];
        double[] second = [.. Enumerable.Repeat(double.NaN, 6), 1, 2, 3, 4, 5, 6];
        var table = new Table(
        [
            new("first", ColumnKind.Numeric, first), new("second", ColumnKind.Numeric, second),
            new("same", ColumnKind.Numeric, [7, 7, 7, 7, 7, 7, 1, 2, 1, 2, 1, 2]),
        ]);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = FisherZ(BlockEncoding.Of(table, new()), device);

        Assert.Equal(1, PValue(test, [0, 1]));
        Assert.Equal(1, PValue(test, [0, 2]));
        Assert.InRange(PValue(test, [1, 2]), 0.01, 0.99);
    }

    [Fact]
    public void Asked_for_gaps_are_a_level_or_the_mean()
    {
        var blocks = BlockEncoding.Of(WithGaps(mixed: true), new() { Missing = MissingValues.OwnLevelOrMean });

        Assert.False(blocks.HasGaps);
        Assert.Equal(4, blocks.Levels[1]);
        Assert.DoesNotContain(DiscreteColumns.Missing, blocks.Codes);
        Assert.Contains(blocks.Notes, note => note.Contains("a level of its own", StringComparison.Ordinal));
        Assert.Contains(blocks.Notes, note => note.Contains("as its mean", StringComparison.Ordinal));
    }

    static GSquaredTest Contingency(BlockEncoding blocks, TestChoice choice, ComputeDevice device) =>
        new(blocks, device, choice == TestChoice.ChiSquare ? ContingencyStatistic.Pearson : ContingencyStatistic.LikelihoodRatio);

    static TestWiseDeletion FisherZ(BlockEncoding blocks, ComputeDevice device) =>
        new("fisherz", blocks, device, complete => new FisherZTest(complete, device));

    static double PValue(IIndependenceTest test, int[] question)
    {
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        var p = new double[1];
        test.PValues(query, p);
        return p[0];
    }

    // Five columns that lean on each other, of which three have gaps: about a tenth, a fifth and a fifth of the rows.
    static Table WithGaps(bool mixed)
    {
        const int Rows = 700;
        var random = new Random(91);
        double[] hidden = [.. Enumerable.Range(0, Rows).Select(_ => 3 * random.NextDouble())];
        return new([.. Enumerable.Range(0, 5).Select(i =>
        {
            double[] values = [.. hidden.Select(h => mixed && i % 2 == 0 ? h + 2 * random.NextDouble() : Math.Floor(Math.Min(h + random.NextDouble(), 2.9)))];
            double share = i switch { 1 => 0.1, 2 or 4 => 0.2, _ => 0 };
            values = [.. values.Select(value => random.NextDouble() < share ? double.NaN : value)];
            return mixed && i % 2 == 0
                ? new Column($"c{i}", ColumnKind.Numeric, values, decimals: 6)
                : new Column($"c{i}", ColumnKind.Categorical, values, ["a", "b", "c"]);
        })]);
    }

    static JsonElement Stored() =>
        JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("tests", "Data", "discovery", "out", "mv08.causal-learn.json"))).RootElement;

    static Table Mv08()
    {
        string[][] cells =
        [
            .. File.ReadLines(RepositoryFiles.At("tests", "Data", "discovery", "data", "mv08.csv")).Select(line => line.Split(',')),
        ];
        return new([.. cells[0].Select((header, i) => new Column(
            header, ColumnKind.Numeric, [.. cells.Skip(1).Select(row => Number(row[i]))], decimals: 6))]);

        static double Number(string text) => text.Length == 0 ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
    }
}
