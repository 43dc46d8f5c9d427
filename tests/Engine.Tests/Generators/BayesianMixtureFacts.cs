using CausalMixFT.Engine.Generators;

namespace CausalMixFT.Engine.Tests.Generators;

public class BayesianMixtureFacts
{
    // Both in double, in the same order up to sums; the digamma functions agree to 1e-14 and 73 rounds amplify: worst seen 1.1e-14.
    const double Tolerance = 1e-11;

    [Theory, InlineData("two", 100), InlineData("ties", 100), InlineData("short", 4)]
    public void Agrees_with_the_stored_mixture(string name, int mostIterations)
    {
        var stored = new StoredRun("mixture");
        double[] values = stored[name + ".values"];
        var mixture = BayesianMixture.Fit(
            values, [.. values.Select(_ => 1.0)], stored.Rows(name + ".start"), mostIterations: mostIterations);

        Assert.Equal(stored[name + ".iterations"][0], mixture.Iterations);
        Close(stored[name + ".bound"], [mixture.LowerBound]);
        Close(stored[name + ".weights"], mixture.Weights);
        Close(stored[name + ".means"], mixture.Means);
        Close(stored[name + ".variances"], mixture.Variances);
        var shares = new double[mixture.Means.Length];
        foreach (var (value, expected) in values.Zip(stored.Rows(name + ".shares")))
        {
            mixture.Shares(value, shares);
            Close(expected, shares);
        }
    }

    [Fact]
    public void A_weight_counts_as_so_many_numbers()
    {
        var stored = new StoredRun("mixture");
        double[] values = stored["ties.values"];
        double[] distinct = [.. values.Distinct()];
        double[][] Start(double[] of) => [.. of.Select(v => Enumerable.Range(0, 10).Select(k => Math.Exp(-Math.Abs(v - k + 5))).ToArray())];
        double[][] Shares(double[] of) => [.. Start(of).Select(row => row.Select(share => share / row.Sum()).ToArray())];
        var each = BayesianMixture.Fit(values, [.. values.Select(_ => 1.0)], Shares(values));
        var weighted = BayesianMixture.Fit(distinct, [.. distinct.Select(v => (double)values.Count(w => w == v))], Shares(distinct));
        Close(each.Means, weighted.Means);
        Close(each.Weights, weighted.Weights);
    }

    [Fact]
    public void Two_heaps_are_two_components()
    {
        double[] values = [.. Enumerable.Range(0, 200).Select(i => i < 100 ? -2 + 0.002 * i : 5 + 0.004 * i)];
        var mixture = BayesianMixture.Fit(values, [.. values.Select(_ => 1.0)]);
        double[] weights = mixture.Weights;
        Assert.Equal(1, weights.Sum(), 12);
        double low = weights.Where((_, k) => mixture.Means[k] < 0).Sum();
        Assert.InRange(low, 0.45, 0.55);
    }

    static void Close(double[] expected, double[] actual) => Assert.InRange(
        expected.Zip(actual, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Max(), 0, Tolerance);
}
