using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class WilcoxonSignedRankFacts
{
    // Shares of 2^n with n at most 50 are exact in a double; scipy sums them in another order: 1275 terms of 1.1e-16.
    const double Tolerance = 1e-12;

    [Fact]
    public void Both_p_values_agree_with_scipy_and_with_the_list_of_all_signs()
    {
        var cases = StatisticsCase.Read<StatisticsCase.Wilcoxon[]>("wilcoxon");
        Assert.Contains(cases, one => one.Exact is null);
        Assert.All(cases, one =>
        {
            // Scipy's normal quantile is exact to about 1e-15, MathNet's to about 1e-12.
            Assert.Equal(one.Normal, WilcoxonSignedRank.Test(one.Differences, exact: false).PValue, 1e-10);
            if (one.Exact is double exact)
            {
                Assert.Equal(exact, WilcoxonSignedRank.Test(one.Differences, exact: true).PValue, Tolerance);
            }

            int differences = one.Differences.Count(difference => difference != 0);
            Assert.Equal(differences <= 50 ? one.Exact!.Value : one.Normal, WilcoxonSignedRank.Test(one.Differences).PValue, 1e-10);
        });
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 0.0625)]
    [InlineData(6, 0.03125)]
    public void Losses_alone_have_the_least_p_value_of_so_few(int differences, double p)
    {
        // Ties and a 0 on purpose: chance gives n equal signs in 2 of 2^n cases, whatever the ranks.
        double[] losses = [0, .. Enumerable.Repeat(-0.5, differences)];
        Assert.Equal(p, WilcoxonSignedRank.Test(losses).PValue, Tolerance);
        Assert.Equal(p, WilcoxonSignedRank.LeastPValue(differences), Tolerance);
    }

    [Fact]
    public void Nothing_but_zeros_says_nothing()
    {
        Assert.Equal((0, 1.0), (WilcoxonSignedRank.Test([0, 0]).Differences, WilcoxonSignedRank.Test([0, 0]).PValue));
        Assert.Equal(1, WilcoxonSignedRank.Test([]).PValue);
    }

    [Fact]
    public void A_difference_that_is_no_number_is_refused() =>
        Assert.Throws<ArgumentException>(() => WilcoxonSignedRank.Test([1, double.NaN]));
}
