using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class GraphFalsificationFacts
{
    const string True = "a --> c, b --> c, c --> d, c --> e, e --> f";

    [Fact]
    public void Conditions_are_those_of_each_variable_and_its_non_descendants()
    {
        var (conditions, leftOut) = LocalMarkovConditions.Of(Dag.Parse("a --> b, b --> c, d"), 8);
        string[] expected = ["0,3|", "1,3|0", "0,2|1", "2,3|1", "0,3|", "1,3|", "2,3|"];
        Assert.Equal(expected, conditions.Select(condition => condition.Key));
        Assert.Equal(0, leftOut);
        Assert.Equal(3, LocalMarkovConditions.Of(Dag.Parse("a --> b, b --> c, d"), 0).LeftOut);
    }

    [Fact]
    public void The_true_graph_violates_about_alpha_of_its_conditions()
    {
        // 60 tables; their shares are independent, so the mean has a standard error that they tell themselves.
        double[] shares = [.. Enumerable.Range(0, 60).Select(i => Run(Simulate(300, (ulong)i), True, new() { Permutations = 0 }).ShareViolated)];
        double error = Math.Sqrt(Variance(shares) / shares.Length);
        Assert.InRange(shares.Average(), 0.05 - 3.5 * error, 0.05 + 3.5 * error);
        Assert.InRange(error, 0.001, 0.02);
    }

    [Fact]
    public void The_true_graph_is_better_than_shuffled_ones_and_a_wrong_one_is_caught()
    {
        var table = Simulate(1000, 5);
        var right = Run(table, True, new());
        Assert.InRange(right.PValue, 0, 0.05);
        Assert.Equal(50, right.ShuffledShares.Count);

        // The same shape with names dealt out wrongly.
        var wrong = Run(table, "f --> a, d --> a, a --> c, a --> b, b --> e", new());
        Assert.InRange(wrong.PValue, 0.1, 1);
        Assert.True(wrong.ShareViolated > 0.3, $"{wrong.ShareViolated}");
        Assert.Equal(wrong.Worst.OrderBy(condition => condition.PValue), wrong.Worst);
        Assert.All(wrong.Worst, condition => Assert.InRange(condition.PValue, 0, 0.05));
    }

    [Fact]
    public void Mixed_columns_and_gaps_are_tested_too()
    {
        var table = Simulate(800, 6);
        var e = table["e"];
        var mixed = new Table([
            .. table.Columns.Where(column => column.Name is not ("e" or "d")),
            Categorical("d", Map(table["d"].Values.ToArray(), v => v > 0 ? 1 : 0), 2),
            Numeric("e", [.. e.Values.ToArray().Select((v, i) => i % 10 == 0 ? double.NaN : v)])]);
        var right = Run(mixed, True, new());
        Assert.Equal("mixed", right.Test);
        Assert.InRange(right.ShareViolated, 0, 0.2);
        Assert.InRange(right.PValue, 0, 0.05);
    }

    [Fact]
    public void A_complete_graph_implies_nothing_and_says_so_by_NaN()
    {
        var result = Run(Simulate(100, 7), "a --> b, a --> c, b --> c", new());
        Assert.Equal(0, result.Conditions);
        Assert.True(double.IsNaN(result.ShareViolated) && double.IsNaN(result.PValue));
    }

    [Fact]
    public void A_cap_draws_conditions_and_says_how_many()
    {
        var result = Run(Simulate(200, 8), True, new() { MaxConditions = 4, Permutations = 3 });
        Assert.Equal(4, result.Conditions);
        Assert.Contains("4 of the graph's", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_determined_variable_is_left_out_of_both_counts()
    {
        // b is a, twice: given a, nothing can be learnt of b.
        double[] a = Normals(200, 1), c = Normals(200, 2);
        var table = new Table([Numeric("a", a), Numeric("b", Map(a, v => 2 * v)), Numeric("c", c)]);
        var result = Run(table, "a --> b, c", new() { Permutations = 0 });
        Assert.Contains(result.Notes, note => note.Contains("could not be decided", StringComparison.Ordinal));
        Assert.Equal(3, result.Conditions);
    }

    static GraphFalsification Run(Table table, string graph, QualityOptions options)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        return GraphFalsification.Run(table, Dag.Parse(graph), options, device);
    }

    static Table Simulate(int rows, ulong seed)
    {
        double[] Noise(uint stream) => Normals(rows, stream, seed);
        double[] a = Noise(1), b = Noise(2), c = Map(Map(a, b, (x, y) => x - y), Noise(3), (x, e) => x + e);
        double[] d = Map(c, Noise(4), (x, n) => 0.7 * x + n), e = Map(c, Noise(5), (x, n) => -x + n), f = Map(e, Noise(6), (x, n) => x + n);
        return new([Numeric("a", a), Numeric("b", b), Numeric("c", c), Numeric("d", d), Numeric("e", e), Numeric("f", f)]);
    }
}
