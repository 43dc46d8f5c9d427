namespace CausalMixFT.Engine.Scm;

/// <summary>Which of a column's cells are missing.</summary>
/// <param name="Share">The observed share.</param>
/// <param name="Causes">What the gate depends on; empty for a column that is missing at random.</param>
/// <param name="Gate">
/// The log-odds of a missing cell, its terms' parents places in <see cref="Causes"/>; null for the share, whatever the
/// other cells hold.
/// </param>
/// <remarks>
/// A mask depends on the values of other columns, before these lose any to masks of their own, and on the masks of columns
/// to its left: missing at random given what it depends on, in Rubin's (1976) sense, never on the cell's own value.
/// </remarks>
public sealed record MissingMask(double Share, IReadOnlyList<MaskCause> Causes, Predictor? Gate)
{
    /// <summary>No cell is missing.</summary>
    public static MissingMask None { get; } = AtRandom(0);

    /// <summary>Each cell is missing with the same probability, independently of all others.</summary>
    public static MissingMask AtRandom(double share) => new(share, [], null);
}

/// <summary>What a mask depends on.</summary>
/// <param name="Node">A column's place.</param>
/// <param name="IsMask">Its mask, or else its value.</param>
public readonly record struct MaskCause(int Node, bool IsMask);
