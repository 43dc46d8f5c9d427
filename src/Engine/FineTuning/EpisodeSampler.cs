using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>Splits of a pool of labelled rows into a context to learn from in place and a query to predict.</summary>
/// <remarks>
/// Stratified: context and query have the pool's class shares, and each class with two rows or more in the pool has at
/// least one in both, so that the rare class of a skewed table is in every episode.
/// </remarks>
/// <param name="labels">The class of each row of the pool.</param>
/// <param name="random">The generator; episode e of a seed is always the same.</param>
sealed class EpisodeSampler(int[] labels, Philox random)
{
    readonly int[][] _rowsOfClass =
        [.. labels.Select((label, row) => (label, row)).GroupBy(p => p.label).OrderBy(g => g.Key).Select(g => g.Select(p => p.row).ToArray())];

    /// <summary>Draws episode <paramref name="episode"/>: disjoint rows of the pool, at most as many as asked for.</summary>
    /// <remarks>A pool smaller than both together is shared in the same proportion.</remarks>
    public (int[] Context, int[] Query) Draw(uint episode, int contextRows, int queryRows)
    {
        double scale = Math.Min(1.0, (double)labels.Length / (contextRows + queryRows));
        double contextShare = contextRows * scale / labels.Length, queryShare = queryRows * scale / labels.Length;
        var context = new List<int>();
        var query = new List<int>();
        for (int k = 0; k < _rowsOfClass.Length; k++)
        {
            var rows = Shuffled(_rowsOfClass[k], episode, (uint)k);
            int ofQuery = rows.Length < 2 ? 0 : Math.Clamp((int)Math.Round(queryShare * rows.Length), 1, rows.Length - 1);
            int ofContext = Math.Clamp((int)Math.Round(contextShare * rows.Length), 1, rows.Length - ofQuery);
            query.AddRange(rows.AsSpan(0, ofQuery));
            context.AddRange(rows.AsSpan(ofQuery, ofContext));
        }

        return ([.. context], [.. query]);
    }

    int[] Shuffled(int[] rows, uint episode, uint stratum)
    {
        var shuffled = (int[])rows.Clone();
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, episode, stratum);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }

        return shuffled;
    }
}
