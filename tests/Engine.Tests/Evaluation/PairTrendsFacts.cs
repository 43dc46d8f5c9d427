using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class PairTrendsFacts
{
    [Fact]
    public void Two_numbers_compare_their_correlations()
    {
        // ρ = 1 and ρ = −1: as far apart as can be.
        var pair = Only([Numeric("x", [1, 2, 3]), Numeric("y", [2, 4, 6])], [Numeric("x", [1, 2, 3]), Numeric("y", [3, 2, 1])]);
        Assert.Equal((1, -1, 0, 0), (pair.Real, pair.Synthetic, pair.Similarity, pair.OwnEdges), Near);
    }

    [Fact]
    public void Two_names_compare_their_joint_tables()
    {
        var pair = Only(
            [Categorical("a", [0, 0, 1, 1], 2), Categorical("b", [0, 0, 1, 1], 2)],
            [Categorical("a", [0, 0, 1, 1], 2), Categorical("b", [0, 1, 0, 1], 2)]);

        // ½, 0, 0, ½ against four quarters; V is 1 and 0.
        Assert.Equal((1, 0, 0.5, 0.5), (pair.Real, pair.Synthetic, pair.Similarity, pair.OwnEdges), Near);
    }

    [Fact]
    public void A_number_and_a_name_compare_the_joint_table_of_ten_bins_between_the_real_edges()
    {
        // The outlier 100 moves SDMetrics' edges of its table: all other rows fall into one bin.
        double[] x = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], outlier = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100], names = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        var pair = Only([Numeric("x", x), Categorical("c", names, 2)], [Numeric("x", outlier), Categorical("c", names, 2)]);
        Assert.Equal(1, pair.Similarity, 12);

        // Bins of the outlier's table: 1 for nine rows and 11 for one. Of the real table: 1 for 0 (and a name 0), 11 for 9.
        Assert.Equal(0.2, pair.OwnEdges, 12);
        Assert.Equal(Math.Sqrt(62.5 / 82.5), pair.Real, 12);
    }

    [Fact]
    public void A_constant_number_is_left_out_of_the_mean()
    {
        var trends = Compare(
            [Numeric("x", [1, 2, 3]), Numeric("y", [1, 2, 4]), Numeric("k", [5, 5, 5])],
            [Numeric("x", [1, 2, 3]), Numeric("y", [1, 2, 4]), Numeric("k", [5, 5, 5])]);
        Assert.Equal([false, true, true], trends.Pairs.Select(pair => double.IsNaN(pair.Similarity)));
        Assert.Equal((1, 1), (trends.Score, trends.ScoreWithOwnEdges), Near2);
    }

    [Fact]
    public void Missing_cells_are_a_level_of_their_own_and_are_left_out_of_correlations()
    {
        var pair = Only(
            [Numeric("x", [1, 2, 3, double.NaN]), Numeric("y", [2, 4, 6, 50])], [Numeric("x", [1, 2, 3, double.NaN]), Numeric("y", [2, 4, 6, -50])]);
        Assert.Equal(1, pair.Similarity, 12);
        Assert.Equal(1, pair.OwnEdges, 12);
        var mixed = Only(
            [Numeric("x", [1, 2, 3, double.NaN]), Categorical("c", [0, 0, 1, 1], 2)], [Numeric("x", [1, 2, 3, 3]), Categorical("c", [0, 0, 1, double.NaN], 2)]);
        Assert.Equal(0.75, mixed.Similarity, 12);
    }

    [Fact]
    public void One_column_has_no_trend() => Assert.True(double.IsNaN(Compare([Numeric("x", [1, 2])], [Numeric("x", [1, 3])]).Score));

    [Fact]
    public void Threads_change_no_bit()
    {
        Column[] columns = [.. Enumerable.Range(0, 8).Select(i => i % 3 == 0 ? Categorical($"c{i}", Map(Normals(200, (uint)i), v => v > 0 ? 1 : 0), 2) : Numeric($"c{i}", Normals(200, (uint)i)))];
        var one = Compare(columns, [.. columns.Select(column => column.Select([.. Enumerable.Range(0, 150)]))], 1);
        var two = Compare(columns, [.. columns.Select(column => column.Select([.. Enumerable.Range(0, 150)]))], 2);
        Assert.Equal(one.Pairs, two.Pairs);
    }

    static PairTrend Only(Column[] real, Column[] synthetic) => Assert.Single(Compare(real, synthetic).Pairs);

    static PairTrends Compare(Column[] real, Column[] synthetic, int threads = 1)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        return PairTrends.Compare(new Table(real), new Table(synthetic), device);
    }

    static bool Near((double, double, double, double) a, (double, double, double, double) b) =>
        Near2((a.Item1, a.Item2), (b.Item1, b.Item2)) && Near2((a.Item3, a.Item4), (b.Item3, b.Item4));

    static bool Near2((double, double) a, (double, double) b) => Math.Abs(a.Item1 - b.Item1) < 1e-12 && Math.Abs(a.Item2 - b.Item2) < 1e-12;
}
