using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class RandomInterceptModelFacts
{
    [Fact]
    public void Estimates_and_standard_errors_agree_with_statsmodels()
    {
        // statsmodels stops its search near the optimum: variances agree to the third digit, what hangs on them to more.
        Assert.All(StatisticsCase.Read<StatisticsCase.Mixed[]>("mixed"), one =>
        {
            var fit = Fit(one);
            Assert.All(one.Coefficients.Zip(fit.Coefficients), pair => Assert.Equal(pair.First, pair.Second, one.Converged ? 1e-6 : 1e-4));
            Assert.All(one.StandardErrors.Zip(fit.StandardErrors), pair => Assert.Equal(1, pair.First / pair.Second, one.Converged ? 1e-6 : 0.05));
            Assert.All(one.HessianErrors.Zip(fit.StandardErrors), pair => Assert.Equal(1, pair.First / pair.Second, 0.06));
            Assert.Equal(one.GroupVariance, fit.GroupVariance, 0.01 * one.ResidualVariance + (one.Converged ? 0 : 0.02 * one.ResidualVariance));
            Assert.Equal(1, one.ResidualVariance / fit.ResidualVariance, one.Converged ? 1e-3 : 0.02);
            Assert.Equal(one.LogLikelihood, fit.LogLikelihood, one.Converged ? 1e-5 : 1e-2);
            Assert.True(fit.LogLikelihood >= one.LogLikelihood - 1e-9, "statsmodels found a better optimum");
        });
    }

    [Fact]
    public void Without_variance_between_groups_it_is_least_squares()
    {
        // Each group holds the same two values around the line: groups differ less than rows do, so λ = 0.
        double[] y = [1, 3, 2, 4, 3, 5];
        double[][] x = [[1, 0], [1, 0], [1, 1], [1, 1], [1, 2], [1, 2]];
        var fit = RandomInterceptModel.Fit(y, x, [0, 0, 1, 1, 2, 2]);
        Assert.Equal(0, fit.GroupVariance);
        Assert.Equal([2, 1], fit.Coefficients.Select(value => Math.Round(value, 12)));
        Assert.Equal(1.5, fit.ResidualVariance, 1e-12); // Σ e² = 6 over 6 − 2
        Assert.Equal(Math.Sqrt(1.5 / 4), fit.StandardErrors[1], 1e-12); // Σ (x − 1)² = 4
    }

    [Fact]
    public void Columns_that_depend_on_each_other_are_refused() => Assert.Throws<ArgumentException>(
        () => RandomInterceptModel.Fit([1, 2, 3, 4], [[1, 2], [1, 2], [1, 2], [1, 2]], [0, 0, 1, 1]));

    static RandomInterceptModel Fit(StatisticsCase.Mixed one) =>
        RandomInterceptModel.Fit(one.Y, [.. one.X.Select(row => (double[])[1, .. row])], one.Groups);
}
