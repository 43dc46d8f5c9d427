namespace CausalMixFT.Engine.TabPfn;

/// <summary>How TabPFN's ensemble predicts; the defaults are those of TabPFN 8.4.0 for the weights of version 2.</summary>
public sealed record TabPfnOptions
{
    /// <summary>Predictions that are averaged: half of quantiles and singular vectors, half of the plain columns.</summary>
    public int Members { get; init; } = 8;

    /// <summary>Seeds the orders of columns, category codes and classes.</summary>
    public ulong Seed { get; init; }

    /// <summary>Logits are divided by this before they become probabilities.</summary>
    public double Temperature { get; init; } = 0.9;

    /// <summary>Whether probabilities are divided by their class's share of the training rows.</summary>
    public bool BalanceProbabilities { get; init; }

    /// <summary>Whether logits, rather than probabilities, are averaged over the members.</summary>
    public bool AverageLogits { get; init; }

    /// <summary>Whether tables beyond 10,000 training rows or 500 columns are accepted.</summary>
    public bool IgnoreLimits { get; init; }
}
