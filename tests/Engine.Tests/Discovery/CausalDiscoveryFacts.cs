using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Discovery;

public class CausalDiscoveryFacts
{
    [Theory]
    [InlineData("number", "number", TestChoice.Auto, "fisherz")]
    [InlineData("level", "level", TestChoice.Auto, "gsq")]
    [InlineData("number", "level", TestChoice.Auto, "mixed")]
    [InlineData("level", "level", TestChoice.ChiSquare, "chisq")]
    [InlineData("number", "number", TestChoice.Mixed, "mixed")]
    public void The_test_follows_the_columns_unless_named(string first, string second, TestChoice choice, string name)
    {
        var result = Discover(TableOf(400, [first, second]), new() { Test = choice });

        Assert.Equal(name, result.TestName);
        Assert.True(result.Graph.AreAdjacent(0, 1));
    }

    [Theory]
    [InlineData(TestChoice.FisherZ, "Column1")]
    [InlineData(TestChoice.GSquared, "Column0")]
    [InlineData(TestChoice.ChiSquare, "Column0")]
    public void A_test_that_does_not_fit_names_the_column(TestChoice choice, string column)
    {
        var table = TableOf(50, ["number", "level"]);
        Assert.Contains(
            column, Assert.Throws<InputException>(() => Discover(table, new() { Test = choice })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_rows_for_contingency_tables_ask_the_mixed_test_and_say_so()
    {
        var result = Discover(TableOf(100, ["level", "level", "level", "level"]), new());

        Assert.Equal("mixed", result.TestName);
        Assert.Contains(result.Notes, note => note.Contains("too few", StringComparison.Ordinal));
    }

    [Fact]
    public void Duplicate_and_constant_columns_and_gaps_do_no_harm()
    {
        var random = new Random(81);
        double[] minutes = [.. Enumerable.Range(0, 600).Select(_ => 200 * random.NextDouble())];
        var table = new Table(
        [
            new("minutes", ColumnKind.Numeric, minutes, decimals: 1),
            new("charge", ColumnKind.Numeric, [.. minutes.Select(m => Math.Round(0.17 * m, 2))], decimals: 2),
            new("churn", ColumnKind.Boolean, [.. minutes.Select(m => m + 100 * random.NextDouble() > 200 ? 1.0 : 0)], ["no", "yes"]),
            new("copy", ColumnKind.Numeric, minutes, decimals: 1),
            new("same", ColumnKind.Numeric, [.. minutes.Select(_ => 3.0)]),
            new("one", ColumnKind.Categorical, new double[600], ["only"]),
            new("gaps", ColumnKind.Numeric, [.. minutes.Select((m, i) => i % 10 == 0 ? double.NaN : random.NextDouble())], decimals: 3),
            new("lost", ColumnKind.Numeric, [.. minutes.Select(_ => double.NaN)]),
        ]);

        var result = Discover(table, new() { Knowledge = new() { Sinks = ["churn"] } });

        // What minutes tell about churn, its copies tell as well: none may be explained away by another.
        Assert.True(result.Graph.IsDirected(0, 2));
        Assert.True(result.Graph.IsDirected(1, 2));
        Assert.True(result.Graph.AreAdjacent(0, 1));
        Assert.Empty(result.Graph.Adjacent(4));
        Assert.Empty(result.Graph.Adjacent(5));
        Assert.Empty(result.Graph.Adjacent(7));
        Assert.Contains(result.Notes, note => note.Contains("'gaps' lacks 60 of 600", StringComparison.Ordinal));
        Assert.Contains(result.Notes, note => note.Contains("could not be decided", StringComparison.Ordinal));
        Assert.Equal(result.Graph.Edges.Count(), result.Extension.Edges.Count());
    }

    [Fact]
    public void Numbers_only_with_a_constant_column_still_ask_fisher_z()
    {
        var table = TableOf(100, ["number", "number"]);
        var result = Discover(new([new("same", ColumnKind.Integer, new double[100]), .. table.Columns]), new());

        Assert.Equal("fisherz", result.TestName);
        Assert.Equal("Column0 --- Column1, same", result.Graph.ToString());
    }

    [Fact]
    public void Rare_levels_are_pooled_with_a_note()
    {
        double[] states = [.. Enumerable.Range(0, 500).Select(i => (double)(i % 50))];
        var table = new Table([new("state", ColumnKind.Categorical, states, [.. Enumerable.Range(0, 50).Select(i => $"s{i}")])]);

        var blocks = BlockEncoding.Of(table, new());

        Assert.Equal(30, blocks.Levels[0]);
        Assert.Equal(29, blocks.Starts[^1]);
        Assert.Contains("its 21 rarest", Assert.Single(blocks.Notes), StringComparison.Ordinal);
    }

    [Theory, InlineData(2, true), InlineData(40, false)]
    public void Whole_numbers_of_few_values_are_pointed_out_as_possible_codes(int values, bool said)
    {
        var table = new Table([.. Enumerable.Range(0, 2).Select(column => new Column(
            $"c{column}", ColumnKind.Integer, [.. Enumerable.Range(0, 80).Select(row => (double)(row * (column + 3) % 83 % values))]))]);

        Assert.Equal(said, Discover(table, new()).Notes.Any(note => note.Contains("--categorical", StringComparison.Ordinal)));
    }

    static DiscoveryResult Discover(Table table, DiscoveryOptions options)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        return CausalDiscovery.Discover(table, options, device, cancellation: TestContext.Current.CancellationToken);
    }

    // Every column leans on one hidden number, so that all depend on each other.
    static Table TableOf(int rows, string[] kinds)
    {
        var random = new Random(82);
        double[] hidden = [.. Enumerable.Range(0, rows).Select(_ => 4 * random.NextDouble())];
        return new([.. kinds.Select((kind, i) => kind == "number"
            ? new Column($"Column{i}", ColumnKind.Numeric, [.. hidden.Select(h => h + random.NextDouble())], decimals: 6)
            : new Column(
                $"Column{i}", ColumnKind.Categorical, [.. hidden.Select(h => Math.Floor(Math.Min(h + random.NextDouble(), 3.9)))],
                ["a", "b", "c", "d"]))]);
    }
}
