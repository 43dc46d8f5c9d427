using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How synthetic rows are judged: what is measured, and how many rows take part where time grows with their square.</summary>
public sealed record QualityOptions
{
    /// <summary>A judgement of seconds, for the report of a run: fewer rows, and no classifiers trained on synthetic rows.</summary>
    public static QualityOptions Brief => new() { MaxRows = 2000, MaxAsked = 1000, MaxTried = 10_000, MaxConditions = 100, Utility = false };

    /// <summary>The seed of every subsample, fold and shuffle.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Most rows of each table that classifiers see, and most rows of the rarest class.</summary>
    public int MaxRows { get; init; } = 10_000;

    /// <summary>Most rows of each table that ask for their nearest record.</summary>
    public int MaxAsked { get; init; } = 5000;

    /// <summary>Most rows of each table among which it is looked for.</summary>
    public int MaxTried { get; init; } = 100_000;

    /// <summary>Most columns that are paired with each other.</summary>
    public int MaxPaired { get; init; } = 200;

    /// <summary>Graphs with shuffled variables to hold a graph against.</summary>
    public int Permutations { get; init; } = 50;

    /// <summary>Most conditions of a graph that are tested.</summary>
    public int MaxConditions { get; init; } = 300;

    /// <summary>The level at which a condition counts as violated.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Which test asks the conditions, and how columns are encoded for it.</summary>
    public DiscoveryOptions Discovery { get; init; } = new();

    /// <summary>Whether classifiers are trained on synthetic rows and scored on hold-out rows.</summary>
    public bool Utility { get; init; } = true;

    /// <summary>Whether privacy is measured, where there are hold-out rows.</summary>
    public bool Privacy { get; init; } = true;
}
