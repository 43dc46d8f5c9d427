using CausalMixFT.Kernels.Rng;
using NormalDistribution = MathNet.Numerics.Distributions.Normal;

namespace CausalMixFT.Engine.Studies;

/// <summary>Draws tables with replacement, the same tables for every arm and measure: resample r of a seed is always the same.</summary>
/// <remarks>
/// Means have the bias-corrected and accelerated interval (BCa; Efron 1987), as gains are often skewed; medians, whose jackknife is
/// degenerate, the percentile one. With n tables either is too narrow by about √((n − 1) / n) and the difference between Student's
/// and the normal quantile: below ten tables read it as a lower bound of the doubt.
/// </remarks>
sealed class TableBootstrap
{
    const uint Purpose = 0x7461626C; // "tabl" in ASCII
    const double Tail = 0.025;

    readonly int[][] _drawn;
    readonly int _tables;

    /// <summary>Draws the resamples.</summary>
    public TableBootstrap(int tables, ulong seed, int resamples)
    {
        var random = new Philox(seed).Branch(Purpose);
        _tables = tables;
        _drawn = [.. Enumerable.Range(0, resamples).Select(resample => Enumerable.Range(0, tables)
            .Select(i => random.Below(tables, (uint)i, (uint)resample)).ToArray())];
    }

    /// <summary>The mean of one value a table, with the BCa interval.</summary>
    public BootstrapInterval Mean(IReadOnlyList<double> values)
    {
        double mean = values.DefaultIfEmpty(double.NaN).Average();
        if (Degenerate(values, mean) is { } degenerate)
        {
            return degenerate;
        }

        double[] means = [.. _drawn.Select(rows => rows.Sum(row => values[row]) / _tables).Order()];

        // Rounding must not decide on which side of the mean a resample of equal mean falls.
        double slack = 1e-12 * values.Max(Math.Abs);
        double below = means.Count(value => value < mean - slack), equal = means.Count(value => Math.Abs(value - mean) <= slack);
        double bias = NormalDistribution.InvCDF(0, 1, (below + equal / 2) / means.Length);
        if (!double.IsFinite(bias))
        {
            return new(mean, means[0], means[^1]);
        }

        // The jackknife's means lie (value − mean) / (n − 1) off, the other way; the factor cancels.
        double cubes = values.Sum(value => Math.Pow(value - mean, 3)), squares = values.Sum(value => (value - mean) * (value - mean));
        double acceleration = cubes / (6 * Math.Pow(squares, 1.5));
        return new(mean, Quantile(means, Share(Tail)), Quantile(means, Share(1 - Tail)));

        double Share(double share)
        {
            double z = bias + NormalDistribution.InvCDF(0, 1, share);
            return NormalDistribution.CDF(0, 1, bias + z / (1 - acceleration * z));
        }
    }

    /// <summary>The median of one value a table, with the percentile interval.</summary>
    public BootstrapInterval Median(IReadOnlyList<double> values)
    {
        double median = MedianOf(values);
        if (Degenerate(values, median) is { } degenerate)
        {
            return degenerate;
        }

        double[] medians = [.. _drawn.Select(rows => MedianOf([.. rows.Select(row => values[row])])).Order()];
        return new(median, Quantile(medians, Tail), Quantile(medians, 1 - Tail));
    }

    /// <summary>The middle value, of an even number the mean of both; NaN without values.</summary>
    public static double MedianOf(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    // One table has no spread, and equal values have none either.
    BootstrapInterval? Degenerate(IReadOnlyList<double> values, double estimate)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Count, _tables);
        return values.Count < 2 ? new(estimate, double.NaN, double.NaN)
            : values.Max() == values.Min() ? new(estimate, estimate, estimate)
            : null;
    }

    static double Quantile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
