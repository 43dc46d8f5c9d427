using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// The rows that one node is fitted to: those where it and its parents are present, shuffled into folds.
/// </summary>
/// <remarks>
/// Where too few rows are complete, missing parents are read as their median or most frequent value instead; the
/// diagnostics say so. A table beyond the cap is subsampled: the shuffle's first rows. With classes, each fold gets its
/// share of every class.
/// </remarks>
sealed class FitRows
{
    const int FewestComplete = 20;
    const double FewestCompleteShare = 0.1;

    /// <param name="codes">Each row's code; rows with a negative one are left out.</param>
    /// <param name="areClasses">Whether each fold is to have its share of every code.</param>
    /// <param name="parents">The parents.</param>
    /// <param name="index">The node, for the shuffle.</param>
    /// <param name="options">Folds and seed.</param>
    /// <param name="mostRows">The cap.</param>
    public FitRows(
        int[] codes, bool areClasses, IReadOnlyList<ColumnProfile> parents, int index, ScmOptions options, int mostRows)
    {
        int[] present = [.. Enumerable.Range(0, codes.Length).Where(row => codes[row] >= 0)];
        int[] rows = [.. present.Where(row => parents.All(parent => parent.Codes[row] >= 0))];
        if (rows.Length < present.Length && rows.Length < Math.Max(FewestComplete, FewestCompleteShare * present.Length))
        {
            rows = present;
            Imputed = true;
        }

        Shuffle(rows, new Philox(options.Seed).Branch(0x666F6C64), (uint)index); // "fold"
        rows = rows[..Math.Min(rows.Length, mostRows)];
        int folds = Math.Max(1, Math.Min(options.Folds, rows.Length));
        var foldOf = new int[rows.Length];
        int[] order = [.. Enumerable.Range(0, rows.Length)];
        if (areClasses)
        {
            order = [.. order.OrderBy(i => codes[rows[i]])];
        }

        for (int i = 0; i < order.Length; i++)
        {
            foldOf[order[i]] = i % folds;
        }

        Rows = [.. Enumerable.Range(0, rows.Length).OrderBy(i => foldOf[i]).Select(i => rows[i])];
        FoldStarts = new int[folds + 1];
        foreach (int fold in foldOf)
        {
            FoldStarts[fold + 1]++;
        }

        for (int fold = 0; fold < folds; fold++)
        {
            FoldStarts[fold + 1] += FoldStarts[fold];
        }

        ParentCodes = [.. parents.Select(parent => Rows.Select(row => CodeOf(parent, row)).ToArray())];
    }

    /// <summary>Table rows, fold after fold.</summary>
    public int[] Rows { get; }

    public int[] FoldStarts { get; }

    /// <summary>For each parent, each row's code.</summary>
    public int[][] ParentCodes { get; }

    public bool Imputed { get; }

    static int CodeOf(ColumnProfile parent, int row) =>
        parent.Codes[row] >= 0 ? parent.Codes[row] : parent.Column.IsDiscrete ? parent.ModeCode : parent.MedianCode;

    // Fisher and Yates.
    static void Shuffle(int[] rows, Philox random, uint stream)
    {
        for (int i = rows.Length - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, stream);
            (rows[i], rows[j]) = (rows[j], rows[i]);
        }
    }
}
