using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>Rows drawn to a share of the rarest class.</summary>
public class SkewedSplitFacts
{
    static readonly string[] Two = ["no", "yes"], Three = ["a", "b", "c"];

    // By hand: 2.5 validation rows of the rarest class round up to 3, and a class is never left out.
    [Theory]
    [InlineData(0.5, 50, 13)]
    [InlineData(0.3, 30, 8)]
    [InlineData(0.1, 10, 3)]
    [InlineData(0.05, 5, 1)]
    [InlineData(0.02, 2, 1)]
    [InlineData(0.001, 1, 1)]
    [InlineData(null, 20, 5)]
    public void The_rarest_class_has_its_share(double? share, int train, int validation)
    {
        int[] labels = Labels(800, 200), pool = [.. Enumerable.Range(0, labels.Length)];
        var split = Draw(labels, Two, pool, 100, share)!;
        Assert.Equal([100 - train, train], Counts(labels, split.Train, 2));
        Assert.Equal([25 - validation, validation], Counts(labels, split.Validation, 2));
    }

    [Fact]
    public void Other_classes_share_the_rest_as_they_do_in_the_pool()
    {
        // 80 rows in the proportions 500 : 300 are 50 and 30; 20 of 25 rows are 12.5 and 7.5, of which the first takes the odd one.
        int[] labels = Labels(500, 300, 40), pool = [.. Enumerable.Range(0, labels.Length)];
        var split = Draw(labels, Three, pool, 100, 0.2)!;
        Assert.Equal([50, 30, 20], Counts(labels, split.Train, 3));
        Assert.Equal([13, 7, 5], Counts(labels, split.Validation, 3));
    }

    [Fact]
    public void With_the_tables_own_shares_every_class_is_there()
    {
        int[] labels = Labels(996, 2, 2), pool = [.. Enumerable.Range(0, labels.Length)];
        var split = Draw(labels, Three, pool, 100, null)!;
        Assert.Equal([98, 1, 1], Counts(labels, split.Train, 3));
        Assert.Equal([23, 1, 1], Counts(labels, split.Validation, 3));
    }

    [Fact]
    public void The_rarest_class_of_the_table_stays_the_one_whose_share_is_set()
    {
        // The third class is the rarest of the table, though the pool has least of the second.
        int[] labels = Labels(100, 60, 50), pool = [.. Enumerable.Range(0, 100), .. Enumerable.Range(100, 20), .. Enumerable.Range(160, 50)];
        Assert.Equal([33, 7, 10], Counts(labels, Draw(labels, Three, pool, 50, 0.2)!.Train, 3));
    }

    [Fact]
    public void Rows_come_from_the_pool_and_none_twice()
    {
        int[] labels = Labels(300, 100), pool = [.. Enumerable.Range(0, labels.Length).Where(row => row % 4 != 0)];
        foreach (double? share in (double?[])[null, 0.5, 0.1])
        {
            var split = Draw(labels, Two, pool, 100, share)!;
            int[] all = [.. split.Train, .. split.Validation];
            Assert.Equal(125, all.Distinct().Count());
            Assert.Empty(all.Except(pool));
            Assert.Equal(split.Train.Order(), split.Train);
            Assert.Equal(split.Validation.Order(), split.Validation);
        }
    }

    [Fact]
    public void A_sweep_changes_no_more_rows_than_it_must()
    {
        int[] labels = Labels(2000, 1000), pool = [.. Enumerable.Range(0, labels.Length)];
        int[] Minority(int rows, double share) => [.. Draw(labels, Two, pool, rows, share)!.Train.Where(row => labels[row] == 1)];
        Assert.Empty(Minority(100, 0.1).Except(Minority(100, 0.5)));
        Assert.Empty(Minority(100, 0.5).Except(Minority(1000, 0.1)));
        Assert.NotEqual(Draw(labels, Two, pool, 100, 0.5)!.Train, Draw(labels, Two, pool, 100, 0.5, seed: 8)!.Train);
    }

    [Theory]
    [InlineData(new[] { 900, 20 }, 100, 0.2, "class 'yes' has 20 rows outside the test rows, but 20 training and 5 validation rows of it are needed")]
    [InlineData(new[] { 90, 89 }, 100, 0.02, "class 'no' has 90 rows outside the test rows, but 98 training and 24 validation rows of it are needed")]
    [InlineData(new[] { 60, 50 }, 100, null, "class 'no' has 60 rows outside the test rows, but 55 training and 14 validation rows of it are needed")]
    [InlineData(new[] { 60, 50 }, 4, null, "4 training and 1 validation rows are too few for 2 classes")]
    [InlineData(new[] { 60, 0 }, 20, 0.5, "class 'yes' has no row outside the test rows")]
    public void What_the_pool_has_not_enough_rows_for_is_refused_with_the_reason(int[] counts, int rows, double? share, string reason)
    {
        int[] labels = Labels(counts), pool = [.. Enumerable.Range(0, labels.Length)];
        Assert.Null(SkewedSplit.Draw(labels, Two, pool, rows, share, 0.25, 7, out string? fault));
        Assert.Equal(reason, fault);
    }

    static SkewedSplit? Draw(int[] labels, string[] names, int[] pool, int rows, double? share, ulong seed = 7)
    {
        var split = SkewedSplit.Draw(labels, names, pool, rows, share, 0.25, seed, out string? fault);
        Assert.Equal(split is null, fault is not null);
        return split;
    }

    static int[] Labels(params int[] counts) => [.. counts.SelectMany((count, label) => Enumerable.Repeat(label, count))];

    static int[] Counts(int[] labels, int[] rows, int classes) =>
        [.. Enumerable.Range(0, classes).Select(label => rows.Count(row => labels[row] == label))];
}
