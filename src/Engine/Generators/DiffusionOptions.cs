namespace CausalMixFT.Engine.Generators;

/// <summary>What can be chosen about a <see cref="DiffusionGenerator"/>; the defaults are the recommended run.</summary>
public sealed record DiffusionOptions
{
    /// <summary>T, the noise steps between a row and pure noise.</summary>
    public int NoiseSteps { get; init; } = 100;

    /// <summary>Noise steps that sampling takes, evenly spaced among <see cref="NoiseSteps"/>; null takes them all.</summary>
    public int? SamplingSteps { get; init; }

    /// <summary>Widths of the hidden layers; null is 256, 256, and 512 four times above 20,000 rows.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Width of the embedding of time and class.</summary>
    public int Embedding { get; init; } = 128;

    /// <summary>Training steps.</summary>
    public int Steps { get; init; } = 2_500;

    /// <summary>
    /// Time after which training ends though steps are left; the learning rate has fallen to nothing by then. Null takes all steps,
    /// and only then does the same seed give the same rows on any machine.
    /// </summary>
    public TimeSpan? TimeBudget { get; init; }

    /// <summary>Rows of a training step.</summary>
    public int BatchSize { get; init; } = 1_024;

    /// <summary>The learning rate of the first step; it falls to 0 in a straight line.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Most levels of a categorical column; the rarest beyond are one, "other", until rows are written.</summary>
    public int MaxLevels { get; init; } = 64;

    /// <summary>Whole numbers and decimals of at most so many different values take only values that occur.</summary>
    public int MaxSnapValues { get; init; } = 200;

    /// <summary>Share of the rows that choose between checkpoints, and between the last weights and their average.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>
    /// Do as TabDDPM's released code does: logarithms of indicators as inputs, no bounds on x̂₀, ties at a column's ends encoded as
    /// its ends, times drawn one by one, and the last weights whatever they are worth. For comparisons; the rows are worse.
    /// </summary>
    public bool Compatible { get; init; }
}
