using CausalMixFT.Engine.Tables;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// What fitting needs to know of one column: its distinct values, each row's place among them, and its features.
/// </summary>
/// <remarks>
/// Children see a number standardised, or, where that would let a few cells rule (|z| &gt; 10 or skewness beyond ±2),
/// as the normal score of its mid-rank; then a line in the standardised number itself stays possible beside it.
/// </remarks>
sealed class ColumnProfile
{
    const double LargestTameZ = 10;
    const double LargestTameSkewness = 2;
    const double SmallestSmoothShare = 0.5;
    const int MostCurveKnots = 2048;

    public ColumnProfile(Column column, ScmOptions options)
    {
        Column = column;
        var sorted = column.Values.ToArray().Where(v => !double.IsNaN(v)).Order().ToArray();
        Present = sorted.Length;
        var values = new List<double>();
        var counts = new List<int>();
        foreach (double value in sorted)
        {
            if (values.Count > 0 && values[^1] == value)
            {
                counts[^1]++;
            }
            else
            {
                values.Add(value);
                counts.Add(1);
            }
        }

        Values = [.. values];
        Counts = [.. counts];
        Codes = new int[column.Rows];
        for (int row = 0; row < Codes.Length; row++)
        {
            double value = column.Values[row];
            Codes[row] = double.IsNaN(value) ? -1 : Array.BinarySearch(Values, value);
        }

        IsCoded = column.IsDiscrete || Values.Length <= options.MaxDiscreteValues;
        if (Present > 0)
        {
            (Centre, Spread) = Moments(sorted);
            MedianCode = Array.BinarySearch(Values, sorted[(Present - 1) / 2]);
            ModeCode = Array.IndexOf(Counts, Counts.Max());
        }

        Standardised = [.. Values.Select(v => (v - Centre) / Spread)];
        Features = Standardised;
        double skewness = Standardised.Zip(Counts, (z, count) => count * z * z * z).Sum() / Math.Max(Present, 1);
        IsTame = Math.Abs(skewness) <= LargestTameSkewness && Standardised.All(z => Math.Abs(z) <= LargestTameZ);
        if (!IsTame)
        {
            Features = NormalScores(Counts);
        }
    }

    public Column Column { get; }

    /// <summary>Rows that are not missing.</summary>
    public int Present { get; }

    public double MissingShare => Codes.Length == 0 ? 0 : 1 - (double)Present / Codes.Length;

    /// <summary>Distinct values, ascending, and how often each occurs.</summary>
    public double[] Values { get; }

    public int[] Counts { get; }

    /// <summary>Each row's place in <see cref="Values"/>; −1 is missing.</summary>
    public int[] Codes { get; }

    /// <summary>Whether children may look codes up, and the column itself is modelled as classes.</summary>
    public bool IsCoded { get; }

    /// <summary>Whether most cells hold a value of their own, so that values in between are as likely.</summary>
    public bool IsSmooth => !IsCoded && Values.Length > SmallestSmoothShare * Present;

    public double Centre { get; }

    public double Spread { get; } = 1;

    public int MedianCode { get; }

    public int ModeCode { get; }

    public bool IsTame { get; }

    /// <summary>(value − mean) / standard deviation of each distinct value.</summary>
    public double[] Standardised { get; }

    /// <summary>What children see of each distinct value.</summary>
    public double[] Features { get; }

    /// <summary>The distance of neighbouring cells; 0 when the column shows a double's full precision.</summary>
    public double Grid => Column.Decimals < 15 ? Math.Pow(10, -Column.Decimals) : 0;

    public ValueList ListSupport() => new(
        Values, Column.IsDiscrete ? null : Features, Column.IsDiscrete || IsTame ? null : Standardised);

    /// <summary>The quantile function, onto the standardised scale: order statistic i at (i + ½) / n.</summary>
    public Curve Quantiles()
    {
        int[] places = OrderStatistics.Places(Present, MostCurveKnots);
        var to = new double[places.Length];
        long upTo = Counts[0];
        for (int i = 0, code = 0; i < to.Length; i++)
        {
            while (upTo <= places[i])
            {
                upTo += Counts[++code];
            }

            to[i] = Standardised[code];
        }

        return new([.. places.Select(i => (i + 0.5) / Present)], to);
    }

    public ValueRange RangeSupport()
    {
        Curve? curve = null;
        if (!IsTame)
        {
            var knots = OrderStatistics.Places(Values.Length, MostCurveKnots);
            curve = new([.. knots.Select(i => Standardised[i])], [.. knots.Select(i => Features[i])]);
        }

        return new(Values[0], Values[^1], Grid, Centre, Spread, curve);
    }

    // Scaled by the largest value first, so that 1e300 has a square.
    static (double Mean, double Deviation) Moments(double[] sorted)
    {
        double scale = Math.Max(Math.Abs(sorted[0]), Math.Abs(sorted[^1]));
        if (scale == 0)
        {
            return (0, 1);
        }

        double mean = sorted.Sum(v => v / scale) / sorted.Length;
        double variance = sorted.Sum(v => (v / scale - mean) * (v / scale - mean)) / sorted.Length;
        bool constant = sorted[0] == sorted[^1];
        return (constant ? sorted[0] : mean * scale, constant || variance == 0 ? 1 : Math.Sqrt(variance) * scale);
    }

    /// <summary>
    /// Φ⁻¹(mid-rank / n) of each distinct value, given how often each occurs; one that does not is in between.
    /// </summary>
    public static double[] NormalScores(int[] counts)
    {
        var scores = new double[counts.Length];
        long below = 0, all = counts.Sum(count => (long)count);
        for (int i = 0; i < scores.Length; i++)
        {
            double rank = Math.Clamp(below + 0.5 * counts[i], 0.5, all - 0.5);
            scores[i] = Normal.InvCDF(0, 1, rank / all);
            below += counts[i];
        }

        return scores;
    }
}

/// <summary>Thinning of sorted values.</summary>
static class OrderStatistics
{
    /// <summary>
    /// At most <paramref name="most"/> places among <paramref name="count"/>, evenly spaced, with both ends.
    /// </summary>
    public static int[] Places(int count, int most) => count <= most
        ? [.. Enumerable.Range(0, count)]
        : [.. Enumerable.Range(0, most).Select(i => (int)((long)i * (count - 1) / (most - 1)))];

    /// <summary>At most <paramref name="most"/> ascending values that stand for all: quantiles at the middles of equal shares.</summary>
    public static double[] Thin(double[] sorted, int most) => sorted.Length <= most
        ? sorted
        : [.. Enumerable.Range(0, most).Select(i => Quantile(sorted, (i + 0.5) / most))];

    /// <summary>
    /// The quantile at <paramref name="p"/> in [0, 1], interpolated between order statistics at (i + ½) / n.
    /// </summary>
    public static double Quantile(double[] sorted, double p)
    {
        double place = Math.Clamp(p * sorted.Length - 0.5, 0, sorted.Length - 1);
        int low = (int)place, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }
}
