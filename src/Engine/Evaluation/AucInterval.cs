using System.Text.Json.Serialization;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>The area under the ROC curve and its 95 % interval; NaN where there is nothing to rank.</summary>
/// <remarks>
/// DeLong, DeLong and Clarke-Pearson (1988): the area is a mean over positives of the share of negatives that each outscores,
/// and a mean over negatives too; the two sets of shares give its variance. The interval is the normal one, cut at 0 and 1; where
/// every pair is ranked right, it has no width.
/// </remarks>
/// <param name="Area">The chance that a positive outscores a negative, ties half.</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">The interval's upper end.</param>
public sealed record AucInterval(
    [property: JsonConverter(typeof(UndefinedAsNull))] double Area,
    [property: JsonConverter(typeof(UndefinedAsNull))] double Low,
    [property: JsonConverter(typeof(UndefinedAsNull))] double High)
{
    // The normal distribution's quantile at 0.975.
    const double Normal975 = 1.959963984540054;

    /// <summary>Whether a half, what blind guessing gives, lies in the interval.</summary>
    public bool ContainsHalf => Low <= 0.5 && High >= 0.5;

    /// <summary>From the scores of positives and of negatives.</summary>
    internal static AucInterval Of(ReadOnlySpan<float> positives, ReadOnlySpan<float> negatives)
    {
        var (area, variance) = Moments(positives, negatives);
        return Of(area, variance);
    }

    /// <summary>The mean area of independent parts, such as folds.</summary>
    internal static AucInterval Mean(IReadOnlyCollection<(double Area, double Variance)> parts) =>
        Of(parts.Sum(part => part.Area) / parts.Count, parts.Sum(part => part.Variance) / parts.Count / parts.Count);

    /// <summary>The area and DeLong's variance of it.</summary>
    internal static (double Area, double Variance) Moments(ReadOnlySpan<float> positives, ReadOnlySpan<float> negatives)
    {
        float[] high = positives.ToArray(), low = negatives.ToArray();
        if (high.Length == 0 || low.Length == 0)
        {
            return (double.NaN, double.NaN);
        }

        Array.Sort(high);
        Array.Sort(low);
        double[] wins = Array.ConvertAll(high, score => ShareBelow(low, score));
        double[] losses = Array.ConvertAll(low, score => 1 - ShareBelow(high, score));
        double area = wins.Average();
        return (area, Variance(wins) / wins.Length + Variance(losses) / losses.Length);
    }

    static AucInterval Of(double area, double variance)
    {
        double half = Normal975 * Math.Sqrt(variance);
        return new(area, Math.Max(0, area - half), Math.Min(1, area + half));
    }

    // Ties count half.
    static double ShareBelow(float[] sorted, float score)
    {
        int below = Place(sorted, score, orEqual: false), notAbove = Place(sorted, score, orEqual: true);
        return (below + notAbove) / (2.0 * sorted.Length);
    }

    // How many are below the score, or at most it.
    static int Place(float[] sorted, float score, bool orEqual)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle] < score || (orEqual && sorted[middle] == score))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Length < 2 ? 0 : values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
    }
}
