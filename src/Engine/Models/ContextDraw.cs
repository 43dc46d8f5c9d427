using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Models;

/// <summary>Which labelled rows are drawn for a context that cannot hold them all.</summary>
public enum ContextDraw
{
    /// <summary>Of a rare class more than its part, as far as it has rows; probabilities are corrected for that.</summary>
    Rare,

    /// <summary>Of each class its part.</summary>
    Stratified,
}

/// <summary>Rows that were drawn for a context.</summary>
/// <remarks>
/// A context drawn by its classes shows p(x | class) of more rows of the rare ones, but another prior; probabilities of the whole are
/// proportional to those of the context times the ratio of the priors (prior correction: King and Zeng (2001), "Logistic regression in rare
/// events data"; Elkan (2001), theorem 2).
/// </remarks>
readonly struct DrawnContext
{
    // With Rare a class has at least this share of an equal part of the context (docs/decisions/rare-rows-in-the-context.md: how it was chosen).
    const double LeastShare = 0.5;

    // What the probability of each class is multiplied by; null for 1.
    readonly double[]? _weights;

    DrawnContext(int[] rows, double[]? weights) => (Rows, _weights) = (rows, weights);

    /// <summary>The rows, ascending.</summary>
    internal int[] Rows { get; }

    /// <summary>At most <paramref name="count"/> rows with these labels.</summary>
    internal static DrawnContext Of(int[] labels, int classes, int count, ContextDraw draw, ulong seed)
    {
        int[] all = [.. Enumerable.Range(0, labels.Length)];
        int[] stratified = StratifiedSplit.Subset(labels, all, count, seed);
        if (draw == ContextDraw.Stratified || labels.Length <= count)
        {
            return new(stratified, null);
        }

        int[] rows = StratifiedSplit.Subset(labels, all, count, seed, LeastShare);
        if (rows.AsSpan().SequenceEqual(stratified))
        {
            return new(rows, null);
        }

        var weights = new double[classes];
        foreach (var (label, drawn) in rows.CountBy(row => labels[row]))
        {
            weights[label] = (double)labels.Count(other => other == label) / labels.Length / ((double)drawn / rows.Length);
        }

        return new(rows, weights);
    }

    /// <summary>Corrects a row's probabilities, which stand under the classes' <paramref name="names"/>.</summary>
    internal void Correct(Span<float> probabilities, IReadOnlyList<int> names)
    {
        if (_weights is not { } weights)
        {
            return;
        }

        double total = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            total += weights[k] * probabilities[names[k]];
        }

        for (int k = 0; k < weights.Length && total > 0; k++)
        {
            probabilities[names[k]] = (float)(weights[k] * probabilities[names[k]] / total);
        }
    }
}
