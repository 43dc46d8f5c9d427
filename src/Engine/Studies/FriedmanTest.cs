using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Studies;

/// <summary>Average ranks of several arms over tables, whether they differ at all, and by how much two must differ.</summary>
/// <remarks>
/// Friedman (1937), corrected for ties: ranks within each table, rank 1 the best. Nemenyi (1963), as in Demšar (2006): with k arms on N
/// tables two average ranks differ at the level α when they are CD = q_α √(k (k + 1) / (6 N)) apart, where q_α is the upper
/// quantile of the range of k normal values, over √2.
/// </remarks>
public sealed record FriedmanTest
{
    /// <summary>The average rank of each arm, 1 being the best.</summary>
    public required IReadOnlyList<double> AverageRanks { get; init; }

    /// <summary>How many tables.</summary>
    public required int Tables { get; init; }

    /// <summary>Friedman's statistic; NaN where all arms tie on every table.</summary>
    public required double Statistic { get; init; }

    /// <summary>The chance of as large a statistic when no arm differs: χ² with one degree of freedom fewer than arms.</summary>
    public required double PValue { get; init; }

    /// <summary>The critical difference of two average ranks.</summary>
    public required double CriticalDifference { get; init; }

    /// <summary>Ranks arms.</summary>
    /// <param name="scores">Of each table, a score of each arm; higher is better, none is NaN.</param>
    /// <param name="alpha">The level of the critical difference.</param>
    public static FriedmanTest Run(IReadOnlyList<double[]> scores, double alpha)
    {
        ArgumentNullException.ThrowIfNull(scores);
        int tables = scores.Count, arms = tables == 0 ? 0 : scores[0].Length;
        if (arms < 2)
        {
            throw new ArgumentException($"{arms} arms on {tables} tables cannot be ranked.", nameof(scores));
        }

        var sums = new double[arms];
        double ties = 0;
        foreach (double[] table in scores)
        {
            double[] ranks = MidRanks.Of(Array.ConvertAll(table, score => -score));
            ties += MidRanks.TieTerm(table);
            for (int arm = 0; arm < arms; arm++)
            {
                sums[arm] += ranks[arm];
            }
        }

        double n = tables, k = arms;
        double correction = 1 - ties / (n * k * (k * k - 1));
        double statistic = correction <= 0 ? double.NaN
            : (12 / (n * k * (k + 1)) * sums.Sum(sum => sum * sum) - 3 * n * (k + 1)) / correction;
        return new()
        {
            AverageRanks = Array.ConvertAll(sums, sum => sum / n),
            Tables = tables,
            Statistic = statistic,
            PValue = double.IsNaN(statistic) ? 1 : 1 - ChiSquared.CDF(k - 1, Math.Max(0, statistic)),
            CriticalDifference = StudentizedRange.UpperQuantile(alpha, arms) / Math.Sqrt(2) * Math.Sqrt(k * (k + 1) / (6 * n)),
        };
    }

    /// <summary>The largest groups of arms of which no two differ, as indices by rising rank; groups of one are left out.</summary>
    public IReadOnlyList<int[]> Groups()
    {
        int[] order = [.. Enumerable.Range(0, AverageRanks.Count).OrderBy(arm => AverageRanks[arm])];
        var groups = new List<int[]>();
        int reached = 0;
        for (int first = 0; first < order.Length; first++)
        {
            int next = first + 1;
            while (next < order.Length && AverageRanks[order[next]] - AverageRanks[order[first]] < CriticalDifference)
            {
                next++;
            }

            // A group inside the one before says nothing new.
            if (next > reached && next - first > 1)
            {
                groups.Add(order[first..next]);
            }

            reached = Math.Max(reached, next);
        }

        return groups;
    }
}
