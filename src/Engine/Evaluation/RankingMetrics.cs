namespace CausalMixFT.Engine.Evaluation;

/// <summary>How well scores put one class's rows before the others: no threshold, no calibration.</summary>
/// <remarks>Without rows of both kinds there is nothing to rank and the metric is NaN; so it is when a score is NaN.</remarks>
static class RankingMetrics
{
    /// <summary>
    /// The area under the receiver operating characteristic: the chance that a positive outscores a negative, ties
    /// half.
    /// </summary>
    public static double RocAuc(ReadOnlySpan<float> scores, ReadOnlySpan<bool> positives)
    {
        var (sorted, hits) = Ascending(scores, positives);
        int positive = hits.AsSpan().Count(true), negative = hits.Length - positive;
        if (CannotRank(sorted, positive))
        {
            return double.NaN;
        }

        // Mann-Whitney: twice the positives' mid-ranks are whole numbers, so the sum is exact.
        long twiceRanks = 0;
        for (int first = 0; first < sorted.Length;)
        {
            int next = EndOfTie(sorted, first);
            twiceRanks += hits.AsSpan(first, next - first).Count(true) * (first + 1L + next);
            first = next;
        }

        return (twiceRanks - positive * (positive + 1L)) / (2.0 * positive * negative);
    }

    /// <summary>
    /// Average precision as scikit-learn has it: Σ (R_n − R_(n−1)) P_n over falling thresholds, tied scores at once.
    /// </summary>
    public static double AveragePrecision(ReadOnlySpan<float> scores, ReadOnlySpan<bool> positives)
    {
        var (sorted, hits) = Ascending(scores, positives);
        int positive = hits.AsSpan().Count(true);
        if (CannotRank(sorted, positive))
        {
            return double.NaN;
        }

        double sum = 0;
        int found = 0;
        for (int last = sorted.Length; last > 0;)
        {
            int first = last - 1;
            while (first > 0 && sorted[first - 1] == sorted[first])
            {
                first--;
            }

            int here = hits.AsSpan(first, last - first).Count(true);
            found += here;
            sum += (double)here / positive * found / (sorted.Length - first);
            last = first;
        }

        return sum;
    }

    static int EndOfTie(float[] sorted, int first)
    {
        int next = first + 1;
        while (next < sorted.Length && sorted[next] == sorted[first])
        {
            next++;
        }

        return next;
    }

    static (float[] Scores, bool[] Positives) Ascending(ReadOnlySpan<float> scores, ReadOnlySpan<bool> positives)
    {
        var sorted = scores.ToArray();
        var hits = positives.ToArray();
        Array.Sort(sorted, hits);
        return (sorted, hits);
    }

    // NaN sorts to the front: a score that is none cannot be ranked.
    static bool CannotRank(float[] sorted, int positives) =>
        positives == 0 || positives == sorted.Length || float.IsNaN(sorted[0]);
}
