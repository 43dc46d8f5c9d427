using CausalMixFT.Engine.Models;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Integration;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>Distributions over buckets against the integrals that define them, and against values by the formulas of their originals.</summary>
public class BarDistributionFacts
{
    // Sums of a few dozen doubles.
    const double Tolerance = 1e-12;

    public static TheoryData<string> Kinds => ["flat", "normal"];

    [Theory, MemberData(nameof(Kinds))]
    public void The_density_integrates_to_one_and_to_the_mean(string kind)
    {
        var (distribution, p) = Open(kind);
        double one = Integral(distribution, value => distribution.Density(p, value));
        double mean = Integral(distribution, value => value * distribution.Density(p, value));

        // Gauss and Legendre's rule of 64 points in each piece; worst seen 3e-14.
        Assert.Equal(1, one, 1e-10);
        Assert.Equal(mean, distribution.Mean(p), 1e-10);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_distribution_function_is_the_integral_of_the_density(string kind)
    {
        // TabPFN's does not know the half-normals inside the outer buckets, but all of their probability.
        var (distribution, p) = Open(kind);
        double[] borders = distribution.Borders.ToArray(), inner = borders[1..^1];
        double[] within = [.. inner.Zip(inner.Skip(1), (left, right) => left + 0.3 * (right - left))];
        foreach (double value in (double[])[.. inner, .. within])
        {
            double below = Integral(distribution, x => distribution.Density(p, x), upTo: value);
            Assert.Equal(below, distribution.Cdf(p, value), 1e-10);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Quantiles_invert_the_distribution_function(string kind)
    {
        var (distribution, p) = Open(kind);
        double last = double.NegativeInfinity;
        foreach (double share in (double[])[0.001, 0.05, 0.1, 0.25, 0.5, 0.77, 0.9, 0.999])
        {
            double quantile = distribution.Quantile(p, share);
            Assert.Equal(share, distribution.Cdf(p, quantile), Tolerance);
            Assert.True(quantile > last);
            last = quantile;
        }

    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_mode_is_where_the_density_is_largest(string kind)
    {
        var (distribution, p) = Open(kind);
        double[] borders = distribution.Borders.ToArray();
        double most = Enumerable.Range(0, 4001).Select(i => -3 + 6 * i / 4000.0)
            .Where(value => value > borders[1] && value <= borders[^2]).Max(value => distribution.Density(p, value));

        // A grid of 1.5e-3 misses the peak of a normal piece by less than that times its slope, below 1. A peak on a border may
        // be the bucket's that begins there.
        double mode = distribution.Mode(p), found = Math.Max(distribution.Density(p, mode), distribution.Density(p, mode + 1e-9));
        Assert.Equal(most, found, 2e-3);
    }

    // Values of PriorLabs/TabPFN's formulas (FullSupportBarDistribution: mean, icdf, mode, cdf, forward), worked out apart from this code:
    // with q = Φ⁻¹(0.75) and c = √(2/π), the outer means are b₁ − c (b₁ − b₀) / q and b₃ + c (b₄ − b₃) / q.
    [Fact]
    public void Flat_buckets_give_the_values_of_TabPFN()
    {
        var distribution = BarDistribution.Of(new ModelTraits { Borders = [-2, -1, 0, 1, 3] }, 4);
        double[] p = [0.1, 0.2, 0.4, 0.3];
        Assert.Equal(0.891472709978848, distribution.Mean(p), Tolerance);
        Assert.Equal(0.5, distribution.Mode(p), Tolerance);
        foreach (var (share, expected) in new (double, double)[]
        {
            (0, -2), (0.05, -1.5), (0.1, -1), (0.5, 0.5), (0.9, 1 + 2 * 0.2 / 0.3), (1, 3),
        })
        {
            Assert.Equal(expected, distribution.Quantile(p, share), Tolerance);
        }

        Assert.Equal(0, distribution.Cdf(p, -3));
        Assert.Equal(0.4, distribution.Cdf(p, 0.25), Tolerance);
        Assert.Equal(1, distribution.Cdf(p, 5), Tolerance);
        Assert.Equal(-3.4265829833706456, distribution.LogDensity(p, 5), Tolerance);
        Assert.Equal(-2.979042298129611, distribution.LogDensity(p, -1.5), Tolerance);
        Assert.Equal(-0.916290731874155, distribution.LogDensity(p, 0.25), Tolerance);
    }

    [Fact]
    public void Normal_buckets_of_equal_probability_are_the_normal_distribution()
    {
        var distribution = BarDistribution.Of(new ModelTraits(), 64);
        double[] p = [.. Enumerable.Repeat(1 / 64.0, 64)];
        Assert.Equal(0, distribution.Mean(p), Tolerance);
        Assert.Equal(0, distribution.Mode(p), Tolerance);
        foreach (double value in (double[])[-4, -1.3, 0, 0.2, 2.9])
        {
            Assert.Equal(Normal.CDF(0, 1, value), distribution.Cdf(p, value), Tolerance);
            Assert.Equal(Normal.PDFLn(0, 1, value), distribution.LogDensity(p, value), Tolerance);
            Assert.Equal(value, distribution.Quantile(p, Normal.CDF(0, 1, value)), 1e-9); // the tail's slope is 1 / φ(4) = 7,000
        }
    }

    [Fact]
    public void A_temperature_divides_the_logits()
    {
        double[] p = BarDistribution.Probabilities([0, 0.9f * MathF.Log(2), 0.9f * MathF.Log(5)], 0.9);

        // The logits are single precision.
        Assert.Equal([1 / 8.0, 2 / 8.0, 5 / 8.0], p, (expected, found) => Math.Abs(expected - found) < 1e-6);
    }

    [Fact]
    public void A_bucket_without_width_takes_no_part_where_densities_are_compared()
    {
        var distribution = BarDistribution.Of(new ModelTraits { Borders = [-1, 0, 0, 1, 2] }, 4);
        double[] p = [0.2, 0.3, 0.1, 0.4];
        Assert.Equal(1.5, distribution.Mode(p), Tolerance);
        Assert.Equal(0, distribution.Quantile(p, 0.4), Tolerance);
        Assert.Equal(0.2, distribution.Cdf(p, 0), Tolerance);
        Assert.Equal(0.6, distribution.Cdf(p, 1), Tolerance);
    }

    static (BarDistribution Distribution, double[] Probabilities) Open(string kind)
    {
        var distribution = BarDistribution.Of(
            kind == "flat" ? new ModelTraits { Borders = [-2.5f, -1.1f, -0.75f, 0, 0.03f, 0.9f, 1.7f, 2.6f] } : new ModelTraits(), 7);
        return (distribution, [0.07, 0.2, 0.13, 0.02, 0.28, 0.21, 0.09]);
    }

    // Piece by piece, since the density jumps at borders; a tail ends where nothing is left of it.
    static double Integral(BarDistribution distribution, Func<double, double> density, double upTo = 30)
    {
        double[] borders = distribution.Borders.ToArray();
        double[] pieces = [.. Enumerable.Range(0, 60).Select(i => -30 + i * 0.5).Where(at => at < borders[1]),
            .. borders[1..^1], .. Enumerable.Range(0, 60).Select(i => 0.5 * (i + 1)).Where(at => at > borders[^2])];
        double[] ends = [.. pieces.Where(at => at < upTo), upTo];
        return ends.Zip(ends.Skip(1), (left, right) => GaussLegendreRule.Integrate(density, left, right, 64)).Sum();
    }
}
