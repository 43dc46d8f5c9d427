using CausalMixFT.Engine.Boosting;

namespace CausalMixFT.Engine.Scm;

/// <summary>What can be chosen about fitting a structural causal model.</summary>
public sealed record ScmOptions
{
    /// <summary>
    /// Seeds the folds and the subsamples; the same seed gives the same model on any number of threads.
    /// </summary>
    public ulong Seed { get; init; }

    /// <summary>Folds of the cross-validation that chooses a basis and gives residuals; at least 2.</summary>
    public int Folds { get; init; } = 5;

    /// <summary>
    /// Most rows that a mechanism is fitted to; a larger table is subsampled at random. Marginals use all rows.
    /// </summary>
    public int MaxFitRows { get; init; } = 50_000;

    /// <summary>
    /// Weight of the squared coefficients, on parents of unit spread: as if one more row spoke for zero.
    /// </summary>
    public double Ridge { get; init; } = 1;

    /// <summary>
    /// A numeric column with at most this many distinct values is modelled as classes, one for each value.
    /// </summary>
    public int MaxDiscreteValues { get; init; } = 12;

    /// <summary>Most residuals kept of a mechanism: evenly spaced order statistics of all.</summary>
    public int MaxResiduals { get; init; } = 4096;

    /// <summary>How boosted trees are trained where they are tried; null to try none.</summary>
    public BoostingOptions? Boosting { get; init; } = new()
    {
        Rounds = 200,
        LearningRate = 0.1,
        Leaves = 16,
        MaxBins = 63,
        MinRowsPerLeaf = 20,
        L2 = 1,
    };
}
