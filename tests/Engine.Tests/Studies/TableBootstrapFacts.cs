using CausalMixFT.Engine.Studies;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class TableBootstrapFacts
{
    [Fact]
    public void Intervals_agree_with_those_of_all_resamples_listed()
    {
        // 40,000 of the 46,656 equally likely resamples: a quantile at 2.5 % moves by 0.08 percentage points, which is less than
        // the step of the means (0.001 / 6) times a few; worst seen 3.4e-4.
        var expected = StatisticsCase.Read<StatisticsCase.Bootstrap>("bootstrap");
        var draws = new TableBootstrap(expected.Values.Length, seed: 3, resamples: 40_000);
        var mean = draws.Mean(expected.Values);
        Assert.Equal(expected.Mean, mean.Estimate, 1e-15);
        Assert.Equal(expected.Low, mean.Low, 5e-4);
        Assert.Equal(expected.High, mean.High, 5e-4);
        var median = draws.Median(expected.Values);
        Assert.Equal((expected.Median, expected.MedianLow, expected.MedianHigh), (median.Estimate, median.Low, median.High));
    }

    [Fact]
    public void The_interval_of_a_mean_covers_it_about_as_often_as_it_says()
    {
        // 400 studies of 20 tables with skewed gains (squares of normal values, mean 1). A BCa interval at n = 20 covers a little less
        // than 95 %: about 91 %. The chance that 400 studies at 91 % give fewer than 345 or more than 385 is below 1e-3.
        var philox = new Philox(11);
        var draws = new TableBootstrap(20, seed: 5, resamples: 1000);
        int covered = 0;
        for (uint study = 0; study < 400; study++)
        {
            double[] values = [.. Enumerable.Range(0, 20).Select(table => Math.Pow(philox.Normal((uint)table, study), 2))];
            var interval = draws.Mean(values);
            covered += interval.Low <= 1 && 1 <= interval.High ? 1 : 0;
        }

        Assert.InRange(covered, 345, 385);
    }

    [Fact]
    public void One_table_has_no_interval_and_equal_tables_one_without_width()
    {
        Assert.True(double.IsNaN(new TableBootstrap(1, 1, 100).Mean([0.3]).Low));
        Assert.Equal(new BootstrapInterval(0.3, 0.3, 0.3), new TableBootstrap(4, 1, 100).Mean([0.3, 0.3, 0.3, 0.3]));
    }

    [Fact]
    public void The_same_seed_draws_the_same_tables()
    {
        double[] values = [0.1, -0.2, 0.35, 0.05, 0.4];
        Assert.Equal(new TableBootstrap(5, 9, 500).Mean(values), new TableBootstrap(5, 9, 500).Mean(values));
        Assert.NotEqual(new TableBootstrap(5, 9, 500).Mean(values), new TableBootstrap(5, 10, 500).Mean(values));
    }
}
