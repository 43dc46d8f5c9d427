using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class SyntheticQualityFacts
{
    static readonly QualityOptions Options = new() { Permutations = 20 };

    [Fact]
    public void Fresh_rows_of_the_same_distribution_are_not_told_apart_and_give_nothing_away()
    {
        var quality = Judge(Sample(1500, 1), Sample(1500, 2), Sample(1500, 3), "y");
        Assert.All(quality.Detection, test => Assert.InRange(test.RocAuc.Area, 0.5 - 0.06, 0.5 + 0.06));
        Assert.True(quality.Privacy!.NearestAttack.ContainsHalf, $"{quality.Privacy.NearestAttack}");
        Assert.True(quality.Privacy.RelativeAttack!.ContainsHalf, $"{quality.Privacy.RelativeAttack}");

        // A share of 1,500 independent rows: 4 standard errors are 0.052.
        Assert.InRange(quality.Privacy.ShareCloserToTraining, 0.5 - 0.052, 0.5 + 0.052);
        Assert.InRange(quality.ShapeScore, 0.95, 1);
        Assert.InRange(quality.ShapeScore - quality.ShapeScoreOfHoldout, -0.03, 0.03);
        Assert.InRange(quality.Trends.Score - quality.TrendScoreOfHoldout, -0.03, 0.03);
        Assert.InRange(quality.Minority!.Coverage - quality.Minority.CoverageOfHoldout, -0.15, 0.15);
        Assert.All(quality.Utility, scores => Assert.InRange(scores.Synthetic.RocAuc - scores.Real.RocAuc, -0.03, 0.03));
        Assert.All(quality.Utility, scores => Assert.True(scores.Real.RocAuc > 0.75));
    }

    [Fact]
    public void Copies_of_training_rows_are_caught_by_every_privacy_measure()
    {
        var train = Sample(600, 1);
        var privacy = Judge(train, train.Select([.. Enumerable.Range(0, 600).Reverse()]), Sample(600, 3), "y").Privacy!;
        Assert.Equal((1, 0), (privacy.ExactCopies, privacy.MedianToTraining));
        Assert.Equal(0, privacy.ExactCopiesOfHoldout);
        Assert.Equal(1, privacy.ShareCloserToTraining);
        Assert.Equal(1, privacy.NearestAttack.Area);
        Assert.True(privacy.RelativeAttack!.Low > 0.9);
    }

    [Fact]
    public void Columns_drawn_each_by_itself_have_the_shapes_but_neither_the_trends_nor_the_use()
    {
        var train = Sample(1500, 1);
        var shuffled = new Table([.. Sample(1500, 2).Columns.Select((column, i) =>
            column.Select([.. Enumerable.Range(0, 1500).Select(row => (row * 7 + 13 * i) % 1500)]))]);
        var quality = Judge(train, shuffled, Sample(1500, 3), "y");
        Assert.InRange(quality.ShapeScore, 0.95, 1);
        Assert.True(quality.Trends.Score < quality.TrendScoreOfHoldout - 0.1, $"{quality.Trends.Score}");
        Assert.All(quality.Utility, scores => Assert.True(scores.Synthetic.RocAuc < scores.Real.RocAuc - 0.15, $"{scores.Classifier}"));
    }

    [Fact]
    public void A_rarest_class_that_is_hardly_generated_is_shown_as_such()
    {
        var train = Sample(1200, 1);
        var none = Judge(train, Without(Sample(1200, 2), keep: 0), null, "y").Minority!;
        Assert.Equal((0, 0), (none.SyntheticRows, none.Coverage));
        Assert.True(double.IsNaN(none.Shapes));
        var few = Judge(train, Without(Sample(1200, 2), keep: 3), null, "y").Minority!;
        Assert.Equal(3, few.SyntheticRows);
        Assert.InRange(few.Coverage, 0.001, 0.3);
        Assert.Equal("L1", few.Class);
    }

    [Fact]
    public void It_works_on_whatever_real_tables_hold()
    {
        var odd = new Table([
            Numeric("half", [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? double.NaN : i)]), Numeric("constant", new double[20]),
            Numeric("empty", [.. Enumerable.Repeat(double.NaN, 20)]), Categorical("c", [.. Enumerable.Range(0, 20).Select(i => i % 5 == 4 ? double.NaN : i % 3)], 3),
            Categorical("y", [.. Enumerable.Range(0, 20).Select(i => i % 4 == 0 ? 1.0 : 0)], 2), Numeric("huge", [.. Enumerable.Range(0, 20).Select(i => i * 1e300)])]);
        var unseen = new Table([.. odd.Columns.Select(column =>
            column.Name == "c" ? new Column("c", ColumnKind.Categorical, [.. Enumerable.Range(0, 20).Select(i => (double)(i % 2))], ["new", "L1"]) : column)]);
        foreach (string? target in (string?[])["y", null, "half"])
        {
            var quality = Judge(odd, unseen, odd, target);
            Assert.InRange(quality.ShapeScore, 0.5, 1);
            Assert.InRange(quality.Trends.Score, 0.3, 1);
        }

        var one = new Table([Numeric("x", [1, 2, 3])]);
        var small = Judge(one, one, one, null);
        Assert.Empty(small.Detection);
        Assert.Contains("too few", Assert.Single(small.Notes), StringComparison.Ordinal);
        Assert.Equal(1, small.ShapeScore);
    }

    [Fact]
    public void Names_among_training_numbers_are_refused_with_the_column()
    {
        var fault = Assert.Throws<InputException>(() => Judge(new Table([Numeric("x", [1, 2])]), new Table([Categorical("x", [0, 1], 2)]), null, null));
        Assert.Contains("'x'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("synthetic", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_figures_on_one_thread_and_on_two()
    {
        var options = Options with { MaxRows = 300, MaxAsked = 100, MaxTried = 200 };
        Table train = Sample(500, 1), synthetic = Sample(400, 2), holdout = Sample(300, 3);
        var graph = Dag.Parse("x --> y, z --> y, c --> y");
        var one = Judge(train, synthetic, holdout, "y", options, 1, graph);
        var two = Judge(train, synthetic, holdout, "y", options, 2, graph);
        Assert.Equal(one.Detection, two.Detection);
        Assert.Equal(one.Utility, two.Utility);
        Assert.Equal(one.Privacy, two.Privacy);
        Assert.Equal(one.Minority, two.Minority);
        Assert.Equal(one.Graph!.ShuffledShares, two.Graph!.ShuffledShares);
        Assert.NotEqual(one.Privacy, Judge(train, synthetic, holdout, "y", options with { Seed = 2 }, 1).Privacy);
    }

    static SyntheticQuality Judge(
        Table train, Table synthetic, Table? holdout, string? target, QualityOptions? options = null, int threads = 2, Dag? graph = null)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        return SyntheticQuality.Compute(train, synthetic, holdout, target, graph, options ?? Options, device);
    }

    // Two numbers, a name, and a class of some 20 % that depends on them.
    static Table Sample(int rows, ulong seed)
    {
        double[] x = Normals(rows, 1, seed), noise = Normals(rows, 2, seed), u = Uniforms(rows, 3, seed);
        double[] z = Map(x, noise, (a, e) => 0.8 * a + 0.6 * e), c = Map(u, v => v < 0.5 ? 0 : v < 0.8 ? 1 : 2);
        double[] score = Map(Map(x, z, (a, b) => a + b), Map(c, Normals(rows, 4, seed), (k, e) => k + e), (a, b) => a + b);
        return new([Numeric("x", x), Numeric("z", z), Categorical("c", c, 3), Categorical("y", Map(score, s => s > 2.8 ? 1 : 0), 2)]);
    }

    static Table Without(Table table, int keep)
    {
        int[] rare = [.. Enumerable.Range(0, table.Rows).Where(row => table["y"].Values[row] == 1).Skip(keep)];
        return table.Select([.. Enumerable.Range(0, table.Rows).Except(rare)]);
    }
}
