using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class TreeEnsembleFacts
{
    const int Grid = int.MaxValue, Masks = 0;

    static readonly int[] Columns = [1, 2, 3, 4, 5];

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_grid_holds_the_sums_in_double_rounded_once(DeviceKind kind)
    {
        foreach (var (trees, leaves, outputs) in new[] { (1, 2, 1), (12, 31, 1), (9, 7, 3), (3, 1, 2), (0, 1, 2) })
        {
            foreach (int rows in new[] { 1, 7, SamplingBlock.Rows(kind, 2053) })
            {
                var (found, sums) = Evaluate(kind, Grid, RandomTrees.Grow(trees, leaves), outputs, rows);
                for (int i = 0; i < sums.Length; i++)
                {
                    // Half a unit in the last place, and the double sum's own error where it lies between two floats.
                    Assert.Equal(sums[i], found[i], Math.Abs(sums[i]) * (Ulp / 2 + 1e-14));
                }
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Masks_add_the_leaves_of_trees_of_any_shape(DeviceKind kind)
    {
        foreach (var (trees, leaves, outputs) in new[] { (1, 2, 1), (12, 31, 1), (9, 32, 3), (5, 33, 1), (3, 150, 2), (3, 1, 2), (0, 1, 2) })
        {
            foreach (int rows in new[] { 1, 7, SamplingBlock.Rows(kind, 2053) })
            {
                var grown = RandomTrees.Grow(trees, leaves);
                var (found, sums) = Evaluate(kind, Masks, grown, outputs, rows);
                double bases = grown.Sum(tree => Math.Abs(tree.Leaves.Min() + tree.Leaves.Max()) / 2);
                double range = grown.Sum(tree => tree.Leaves.Max() - tree.Leaves.Min()) / 2;
                for (int i = 0; i < sums.Length; i++)
                {
                    // The base, the sum less it, and their total are each rounded to float; leaves to 2⁻³⁰ of the range.
                    double tolerance = (bases + range + Math.Abs(sums[i])) * Ulp / 2 + trees * range / (1 << 30);
                    Assert.Equal(sums[i], found[i], tolerance);
                }
            }
        }
    }

    [Theory, InlineData(Grid), InlineData(Masks)]
    public void Every_device_gives_the_same_bits_however_the_rows_are_blocked(int mostCells)
    {
        var trees = RandomTrees.Grow(10, 40);
        var (whole, _) = Evaluate(DeviceKind.Cpu, mostCells, trees, 2, 300);
        foreach (int rows in new[] { 1, 31, 97, 257 })
        {
            var (part, _) = Evaluate(DeviceKind.Cpu, mostCells, trees, 2, rows);
            Assert.Equal(whole[..rows], part[..rows]);
            Assert.Equal(whole[300..(300 + rows)], part[rows..]);
        }

        foreach (var kind in ComputeDevice.Available())
        {
            var (other, _) = Evaluate(kind, mostCells, trees, 2, 97);
            Assert.Equal(whole[..97], other[..97]);
            Assert.Equal(whole[300..397], other[97..]);
        }
    }

    [Fact]
    public void Small_ensembles_of_few_features_become_a_grid_and_others_masks()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var split = new TreeSplit(0, 1, null, ~0, ~1);
        using var small = new TreeEnsembleTerms(1, [new([split], [1, 2])], [0]).Load(device);
        Assert.NotNull(small.Grid);
        Assert.Equal([1f, 2f], small.Grid.Cells.ToArray());

        // 101 places of three features are 1,030,301 cells, within 2²⁰; 103 are beyond.
        using var fits = Stairs(100).Load(device);
        Assert.True(fits.IsGrid);
        using var tooLarge = Stairs(102).Load(device);
        Assert.False(tooLarge.IsGrid);

        static TreeEnsembleTerms Stairs(int thresholds) => new(
            1,
            [.. Enumerable.Range(0, 3 * thresholds).Select(i => new Tree([new(i % 3, i / 3, null, ~0, ~1)], [0, 1]))],
            [0, 1, 2]);
    }

    [Fact]
    public void A_feature_is_a_number_or_a_category()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        Tree number = new([new(2, 1, null, ~0, ~1)], [1, 2]), category = new([new(2, 0, [1], ~0, ~1)], [1, 2]);
        var error = Assert.Throws<ArgumentException>(
            () => new TreeEnsembleTerms(1, [number, category], [0, 1, 2]).Load(device));
        Assert.Contains("Feature 2", error.Message, StringComparison.Ordinal);
    }

    // From one float to the next, relative to the smaller.
    const double Ulp = 1.0 / (1 << 23);

    static (float[] Found, double[] Sums) Evaluate(DeviceKind kind, int mostCells, Tree[] trees, int outputs, int rows)
    {
        using var block = new SamplingBlock(kind);
        float[][] features = RandomTrees.Rows(rows);
        using var table = new TreeEnsembleTerms(outputs, trees, Columns).Load(block.Device, mostCells);
        Assert.Equal(mostCells == Grid || trees.All(tree => tree.Splits.Length == 0) && mostCells > 0, table.IsGrid);
        var predictors = block.Empty(outputs, rows);
        TreeEnsemble.On(block.Device).Evaluate(table, block.Columns(rows, [new float[rows], .. features]), predictors);
        return (predictors.ToArray(), RandomTrees.Sums(trees, outputs, features));
    }
}
