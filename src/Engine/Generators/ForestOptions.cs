namespace CausalMixFT.Engine.Generators;

/// <summary>What can be chosen about adversarial random forests; the defaults are the paper's but for the cap on rows.</summary>
public sealed record ForestOptions
{
    /// <summary>Trees of each forest.</summary>
    public int Trees { get; init; } = 30;

    /// <summary>Fewest rows of a leaf: different ones that grew it, and real ones once it is pruned.</summary>
    public int MinRowsPerLeaf { get; init; } = 5;

    /// <summary>Most forests that are grown against rows of the one before.</summary>
    public int MaxRounds { get; init; } = 10;

    /// <summary>A forest whose out-of-bag accuracy is at most ½ and this is the last.</summary>
    public double Tolerance { get; init; }

    /// <summary>Most rows that forests are grown from; of more, so many are drawn, with the classes in the same parts.</summary>
    public int MaxRows { get; init; } = 100_000;

    /// <summary>Whether numbers that repeat beyond chance are drawn as they are; without, a leaf's numbers are all of one density.</summary>
    public bool KeepsRepeatedValues { get; init; } = true;

    /// <summary>Threads to use; null for all cores of this machine. The rows do not depend on it.</summary>
    public int? Threads { get; init; }
}
