using CausalMixFT.Kernels.Generative;

namespace CausalMixFT.Engine.Generators;

/// <summary>How a <see cref="TvaeGenerator"/> learns; the defaults are the recommended run.</summary>
public sealed record TvaeOptions
{
    /// <summary>Passes over the rows.</summary>
    public int Epochs { get; init; } = 300;

    /// <summary>Rows of a step, or all of a smaller table.</summary>
    public int BatchRows { get; init; } = 500;

    /// <summary>Steps at most, so that a large table costs no more than a middling one.</summary>
    public int MostSteps { get; init; } = 20_000;

    /// <summary>
    /// Time at most, after which training ends with what it has; null for none. Where it strikes depends on the machine, and so do
    /// the rows.
    /// </summary>
    public TimeSpan? MostTime { get; init; }

    /// <summary>Adam's learning rate at the first step; it falls to 0 along a line.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>The network's sizes.</summary>
    public VariationalAutoencoderConfig Network { get; init; } = new();
}
