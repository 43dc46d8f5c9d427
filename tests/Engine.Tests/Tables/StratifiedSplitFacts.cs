using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Tables;

public sealed class StratifiedSplitFacts
{
    static readonly int[] Labels = [.. Enumerable.Range(0, 200).Select(row => row % 20 == 0 ? 2 : row % 4 == 1 ? 1 : 0)];

    [Theory]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(97)]
    [InlineData(200)]
    public void Every_row_is_in_exactly_one_part(int rows)
    {
        var split = StratifiedSplit.Draw(Labels.AsSpan(0, rows), seed: 1);
        Assert.Equal(Enumerable.Range(0, rows), split.Train.Concat(split.Validation).Concat(split.Test).Order());
        Assert.Equal(split.Train.Order(), split.Train);
    }

    [Fact]
    public void Classes_keep_their_shares()
    {
        var split = StratifiedSplit.Draw(Labels, seed: 1);
        Assert.Equal([140, 50, 10], Counts(Labels, Enumerable.Range(0, 200), 3));
        Assert.Equal([28, 10, 2], Counts(Labels, split.Test, 3));
        Assert.Equal([28, 10, 2], Counts(Labels, split.Validation, 3));
        Assert.Equal([84, 30, 6], Counts(Labels, split.Train, 3));
    }

    [Fact]
    public void A_class_of_three_rows_is_in_all_parts_and_one_of_two_in_training_and_test()
    {
        int[] labels = [.. Enumerable.Repeat(0, 95), 1, 1, 1, 2, 2];
        for (ulong seed = 0; seed < 20; seed++)
        {
            var split = StratifiedSplit.Draw(labels, seed);
            Assert.Equal([1, 1], Counts(labels, split.Train, 3)[1..]);
            Assert.Equal([1, 0], Counts(labels, split.Validation, 3)[1..]);
            Assert.Equal([1, 1], Counts(labels, split.Test, 3)[1..]);
        }
    }

    [Fact]
    public void Large_shares_leave_a_training_row_of_every_class()
    {
        int[] labels = [.. Enumerable.Repeat(0, 6), 1, 1, 1];
        var split = StratifiedSplit.Draw(labels, seed: 3, validationShare: 0.4, testShare: 0.5);
        Assert.All(Counts(labels, split.Train, 2), count => Assert.True(count > 0));
    }

    [Fact]
    public void Seeds_and_repeats_change_the_split_and_nothing_else_does()
    {
        var split = StratifiedSplit.Draw(Labels, seed: 1);
        Assert.Equal(split.Test, StratifiedSplit.Draw(Labels, seed: 1).Test);
        Assert.NotEqual(split.Test, StratifiedSplit.Draw(Labels, seed: 2).Test);
        var repeated = StratifiedSplit.Repeated(Labels, seed: 1, repeats: 3);
        Assert.Equal(split.Test, repeated[0].Test);
        Assert.NotEqual(split.Test, repeated[1].Test);
        Assert.NotEqual(repeated[1].Test, repeated[2].Test);
    }

    [Fact]
    public void Test_rows_are_drawn_evenly()
    {
        // Each of 200 rows is in a fifth of 500 tests: mean 100, deviation √(500 · 0.2 · 0.8) = 8.9; 5.5 of them is 49.
        var met = new int[200];
        foreach (var split in StratifiedSplit.Repeated(Labels, seed: 5, repeats: 500))
        {
            foreach (int row in split.Test)
            {
                met[row]++;
            }
        }

        Assert.All(met, count => Assert.InRange(count, 51, 149));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    public void Folds_test_every_row_once(int folds)
    {
        var splits = StratifiedSplit.Folds(Labels, seed: 1, folds);
        Assert.Equal(Enumerable.Range(0, 200), splits.SelectMany(split => split.Test).Order());
        foreach (var split in splits)
        {
            Assert.Equal(Enumerable.Range(0, 200), split.Train.Concat(split.Validation).Concat(split.Test).Order());
            Assert.InRange(split.Test.Length, 200 / folds, 200 / folds + 1);
            Assert.InRange(Counts(Labels, split.Test, 3)[2], 10 / folds, 10 / folds + 1);
            Assert.True(Counts(Labels, split.Validation, 3).All(count => count > 0));
        }
    }

    [Fact]
    public void A_subset_keeps_shares_and_rare_classes()
    {
        int[] rows = [.. Enumerable.Range(0, 200).Where(row => row != 7)];
        int[] subset = StratifiedSplit.Subset(Labels, rows, 20, seed: 1);
        Assert.Equal(20, subset.Length);
        Assert.DoesNotContain(7, subset);
        Assert.Equal([14, 5, 1], Counts(Labels, subset, 3));
        Assert.Equal([2, 1, 1], Counts(Labels, StratifiedSplit.Subset(Labels, rows, 4, seed: 1), 3));
        Assert.Equal(rows, StratifiedSplit.Subset(Labels, rows, 500, seed: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedSplit.Subset(Labels, rows, 4, seed: 1, leastShare: 1.5));
    }

    static int[] Counts(int[] labels, IEnumerable<int> rows, int classes) =>
        [.. Enumerable.Range(0, classes).Select(c => rows.Count(row => labels[row] == c))];
}
