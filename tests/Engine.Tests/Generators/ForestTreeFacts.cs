using System.Text.Json;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Rng;
using static CausalMixFT.Engine.Tests.Generators.ForestTables;

namespace CausalMixFT.Engine.Tests.Generators;

public class ForestTreeFacts
{
    [Fact]
    public void The_peers_tree_is_pruned_and_its_leaves_have_the_peers_moments()
    {
        var peer = JsonSerializer.Deserialize<PeerTree>(
            File.ReadAllText(RepositoryFiles.At("tests", "Data", "generators", "arfpy_tree.json")), JsonSerializerOptions.Web)!;
        ForestColumn[] columns =
        [
            ForestColumn.Of(new("a", ColumnKind.Numeric, peer.A, null, 3), false),
            ForestColumn.Of(new("b", ColumnKind.Numeric, peer.B, null, 2), false),
            ForestColumn.Of(new("g", ColumnKind.Categorical, peer.G, ["a", "b", "c"]), false),
        ];
        byte[][] codes = [.. columns.Select(column => column.Codes)];
        var tree = new ForestTree();
        for (int node = 0; node < peer.Feature.Length; node++)
        {
            tree.AddLeaf(0);
        }

        double[][] values = [peer.A, peer.B, peer.G];
        for (int node = 0; node < peer.Feature.Length; node++)
        {
            int column = peer.Feature[node];
            if (column >= 0)
            {
                int[] left = [.. Enumerable.Range(0, 80).Where(row => values[column][row] <= peer.Threshold[node])
                    .Select(row => (int)codes[column][row]).Distinct()];
                if (column == 2)
                {
                    tree.Split(node, column, ForestTree.CodeSet.Of(left), peer.Left[node], peer.Right[node]);
                }
                else
                {
                    tree.Split(node, column, left.Max(), peer.Left[node], peer.Right[node]);
                }
            }
        }

        // Nodes have other numbers once a leaf's place is taken by its neighbour, but the same rows.
        var density = ForestDensity.Fit(tree, columns, codes, minRows: 5);
        int[] own = density.Leaves.LeafOfRow;
        for (int row = 0; row < 80; row++)
        {
            Assert.Equal(Together(peer.Leaf, row), Together(own, row));
            var leaf = peer.Leaves.Single(leaf => leaf.Leaf == peer.Leaf[row]);
            for (int column = 0; column < 2; column++)
            {
                Assert.Equal(leaf.Mean[column], density.Normal(own[row], column).Mean, 1e-12);
                Assert.Equal(leaf.Sd[column], density.Normal(own[row], column).Deviation, 1e-12);
            }
        }
    }

    [Fact]
    public void Pruned_trees_have_enough_rows_in_every_leaf_and_bounds_that_hold_them()
    {
        var task = Named("every kind");
        ForestColumn[] columns = [.. task.Table.Columns.Select(column => ForestColumn.Of(column, true))];
        byte[][] codes = [.. columns.Select(column => (byte[])[.. column.Codes, .. column.Codes.Reverse()])];
        var tree = new ForestGrowth(codes, columns, minRows: 2).Grow(new Philox(3), new byte[2 * task.Rows]);
        Assert.Contains(tree.LeavesOf(codes, task.Rows).CountBy(leaf => leaf), pair => pair.Value < 5);
        var density = ForestDensity.Fit(tree, columns, [.. columns.Select(column => column.Codes)], minRows: 5);
        foreach (int leaf in density.Leaves.LeafOfRow.Distinct())
        {
            int[] rows = density.Leaves.RowsOf(leaf).ToArray();
            Assert.True(rows.Length >= 5);
            double[] x = [.. rows.Where(row => columns[0].IsSmooth[row]).Select(row => columns[0].Values[row])];
            if (x.Length > 1)
            {
                // Within what rounding to two decimals allows, all of the leaf's own numbers are where draws can be.
                var normal = density.Normal(leaf, 0);
                Assert.InRange(x.Min(), normal.Quantile(1e-12) - 1e-9, normal.Quantile(1 - 1e-12));
                Assert.InRange(x.Max(), normal.Quantile(1e-12), normal.Quantile(1 - 1e-12) + 1e-9);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_first_split_is_the_purest_there_is(bool isDiscrete)
    {
        // One column of nine values, 120 rows, so that all splits can be tried: cuts of numbers, sets of levels.
        const int Rows = 120, Values = 9;
        var random = new Philox(8);
        var column = isDiscrete
            ? Levels("g", Rows, 1, Values)
            : new Column("g", ColumnKind.Integer, Map(Rows, row => random.Below(Values, row, 1)));
        var coded = ForestColumn.Of(column, true);
        byte[] codes = [.. coded.Codes.AsSpan(0, Rows / 2), .. coded.Codes.AsSpan(Rows / 2).ToArray().Select(code => (byte)(code % 3 == 0 ? 1 : code))];
        var weights = new byte[Rows];
        var tree = new ForestGrowth([codes], [coded], minRows: 5).Grow(new Philox(2), weights);
        double best = double.NegativeInfinity;
        for (int set = 1; set < 1 << (Values + 1); set++)
        {
            bool isCut = (set & (set + 1)) == 0;
            best = isDiscrete || isCut ? Math.Max(best, Purity(code => (set >> code & 1) != 0)) : best;
        }

        var root = tree.Nodes[0];
        Assert.Equal(best, Purity(code => tree.GoesLeft(root, code)), 1e-9);

        double Purity(Func<int, bool> goesLeft)
        {
            double[] sums = new double[4];
            int[] rows = new int[2];
            for (int row = 0; row < Rows; row++)
            {
                int side = goesLeft(codes[row]) ? 0 : 1;
                sums[2 * side + (row < Rows / 2 ? 0 : 1)] += weights[row];
                rows[side] += weights[row] > 0 ? 1 : 0;
            }

            return rows.Min() < 5 ? double.NegativeInfinity
                : Enumerable.Range(0, 2).Sum(side =>
                    (Math.Pow(sums[2 * side], 2) + Math.Pow(sums[2 * side + 1], 2)) / (sums[2 * side] + sums[2 * side + 1]));
        }
    }

    [Theory]
    // scipy 1.10.1: scipy.stats.truncnorm.ppf(p, (low - mean) / sd, (high - mean) / sd, mean, sd)
    [InlineData(-1, 2, 0.5, 1, 0.001, -0.993343961112253)]
    [InlineData(-1, 2, 0.5, 1, 0.25, -0.07276000694866613)]
    [InlineData(0, 1, 0, 2, 0.5, 0.4846262648933534)]
    [InlineData(-3, 3, 0, 1, 0.9, 1.2754222234675778)]
    [InlineData(10, 11, 10.2, 5, 0.999, 10.9989906321004)]
    [InlineData(0, 100, 1, 3, 0.001, 0.005011219695200353)]
    [InlineData(0, 100, 1, 3, 0.9, 5.588848904970365)]
    [InlineData(5, 9, 5, 0.5, 0.999, 6.645263365745772)]
    public void Truncated_normals_have_scipys_quantiles(double low, double high, double mean, double sd, double p, double expected) =>
        Assert.Equal(expected, TruncatedNormal.On(low, high, mean, sd).Quantile(p), 1e-9);

    [Fact]
    public void A_normal_without_deviation_is_its_mean() => Assert.Equal(3.5, TruncatedNormal.On(3, 4, 3.5, 0).Quantile(0.9));

    static string Together(int[] leaves, int row) => string.Join(' ', Enumerable.Range(0, leaves.Length).Where(other => leaves[other] == leaves[row]));

    sealed record PeerTree(
        double[] A, double[] B, double[] G, int[] Feature, double[] Threshold, int[] Left, int[] Right, int[] Leaf, PeerLeaf[] Leaves);

    sealed record PeerLeaf(int Leaf, double[] Mean, double[] Sd);
}
