using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Studies;

/// <summary>Wilcoxon's signed-rank test: whether paired differences lie about 0, two-sided.</summary>
/// <remarks>
/// Wilcoxon (1945). Differences of 0 are dropped, equal sizes share the mean of their ranks. Up to <see cref="MostExact"/> differences the
/// p-value counts all 2ⁿ assignments of signs to the ranks at hand; beyond, it is the normal approximation with the correction for ties
/// and none for continuity. Without ties and zeros both agree with scipy. With them scipy goes over to the normal
/// approximation whatever n is, and would call five losses among five differences significant (0.043), though chance gives as much in
/// 0.063: here the count stays exact.
/// </remarks>
/// <param name="Differences">How many are not 0.</param>
/// <param name="PositiveRanks">The sum of the ranks of positive differences.</param>
/// <param name="NegativeRanks">The sum of the ranks of negative ones.</param>
/// <param name="PValue">Two-sided; 1 when there is no difference but 0.</param>
public sealed record WilcoxonSignedRank(int Differences, double PositiveRanks, double NegativeRanks, double PValue)
{
    /// <summary>The most differences whose assignments of signs are counted, as in scipy.</summary>
    public const int MostExact = 50;

    /// <summary>Tests differences; none may be NaN.</summary>
    public static WilcoxonSignedRank Test(IReadOnlyList<double> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        return Test(differences, exact: differences.Count(difference => difference != 0) <= MostExact);
    }

    /// <summary>Tests by one of the two ways of finding the p-value.</summary>
    internal static WilcoxonSignedRank Test(IReadOnlyList<double> differences, bool exact)
    {
        double[] present = [.. differences.Where(difference => difference != 0)];
        if (present.Any(double.IsNaN))
        {
            throw new ArgumentException("A difference is not a number; leave out pairs that lack a value.", nameof(differences));
        }

        double[] sizes = Array.ConvertAll(present, Math.Abs), ranks = MidRanks.Of(sizes);
        double positive = 0, negative = 0;
        for (int i = 0; i < present.Length; i++)
        {
            _ = present[i] > 0 ? positive += ranks[i] : negative += ranks[i];
        }

        double p = present.Length == 0 ? 1 : exact ? Exact(ranks, Math.Min(positive, negative))
            : Approximate(sizes, Math.Min(positive, negative));
        return new(present.Length, positive, negative, p);
    }

    /// <summary>The smallest p-value that so many differences can have.</summary>
    public static double LeastPValue(int differences) => differences == 0 ? 1 : Math.Pow(2, 1 - Math.Min(differences, 1000));

    // Twice a mid-rank is whole, so sums are counted in halves: ways[s] of all sign assignments give a sum of s halves. Shares and
    // not counts: 2^50 of them still add up exactly in a double.
    static double Exact(double[] ranks, double smaller)
    {
        int[] halves = Array.ConvertAll(ranks, rank => (int)Math.Round(2 * rank));
        var shares = new double[halves.Sum() + 1];
        shares[0] = 1;
        int reach = 0;
        foreach (int step in halves)
        {
            reach += step;
            for (int sum = reach; sum >= 0; sum--)
            {
                shares[sum] = (shares[sum] + (sum >= step ? shares[sum - step] : 0)) / 2;
            }
        }

        double tail = 0;
        for (int sum = 0; sum <= (int)Math.Round(2 * smaller); sum++)
        {
            tail += shares[sum];
        }

        return Math.Min(1, 2 * tail);
    }

    // The mean of either sum is n (n + 1) / 4, its variance n (n + 1)(2n + 1) / 24 − Σ (t³ − t) / 48.
    static double Approximate(double[] sizes, double smaller)
    {
        double n = sizes.Length, mean = n * (n + 1) / 4;
        double variance = n * (n + 1) * (2 * n + 1) / 24 - MidRanks.TieTerm(sizes) / 48;
        return Math.Min(1, 2 * Normal.CDF(0, 1, (smaller - mean) / Math.Sqrt(variance)));
    }
}
