using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class FriedmanTestFacts
{
    [Fact]
    public void Ranks_statistic_and_critical_difference_agree_with_scipy()
    {
        Assert.All(StatisticsCase.Read<StatisticsCase.Friedman[]>("friedman"), one =>
        {
            var test = FriedmanTest.Run(one.Scores, 0.05);
            Assert.Equal(one.Ranks.Length, test.AverageRanks.Count);
            Assert.All(one.Ranks.Zip(test.AverageRanks), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.Equal(one.Statistic, test.Statistic, 1e-10);
            Assert.Equal(one.PValue, test.PValue, 1e-9);
            Assert.Equal(one.CriticalDifference, test.CriticalDifference, 1e-6);
        });
    }

    [Fact]
    public void The_range_of_normal_values_agrees_with_scipy() => Assert.All(
        StatisticsCase.Read<StatisticsCase.Range[]>("studentizedRange"),
        one => Assert.Equal(one.Quantile, StudentizedRange.UpperQuantile(one.Alpha, one.K), 1e-6)); // scipy's integral is good to about 1e-8

    [Fact]
    public void Groups_hold_arms_that_do_not_differ_and_no_group_lies_inside_another()
    {
        // Ranks 1, 2, 3, 4 on every table: with 20 tables CD = 1.05, so only neighbours hang together.
        double[][] scores = [.. Enumerable.Repeat((double[])[4, 3, 2, 1], 20)];
        var test = FriedmanTest.Run(scores, 0.05);
        Assert.Equal([1, 2, 3, 4], test.AverageRanks);
        Assert.InRange(test.CriticalDifference, 1.0, 1.1);
        Assert.Equal([[0, 1], [1, 2], [2, 3]], test.Groups());
    }

    [Fact]
    public void Arms_that_tie_everywhere_do_not_differ()
    {
        var test = FriedmanTest.Run([[1, 1, 1], [2, 2, 2]], 0.05);
        Assert.Equal(1, test.PValue);
        Assert.Equal([[0, 1, 2]], test.Groups());
    }
}
