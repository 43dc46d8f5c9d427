using CausalMixFT.Kernels.Generative;

namespace CausalMixFT.Engine.Generators;

/// <summary>How a <see cref="CtganGenerator"/> learns; the defaults are the recommended run.</summary>
public sealed record CtganOptions
{
    /// <summary>Passes over as many rows as the table has.</summary>
    public int Epochs { get; init; } = 300;

    /// <summary>Rows of a step, rounded down to whole packs.</summary>
    public int BatchRows { get; init; } = 500;

    /// <summary>Steps of each network at most, so that a large table costs no more than a middling one.</summary>
    public int MostSteps { get; init; } = 20_000;

    /// <summary>
    /// Time at most, after which training ends with what it has; null for none. Where it strikes depends on the machine, and so do
    /// the rows.
    /// </summary>
    public TimeSpan? MostTime { get; init; }

    /// <summary>Steps of the critic for each of the generator.</summary>
    public int CriticSteps { get; init; } = 1;

    /// <summary>Adam's learning rate of both networks.</summary>
    public float LearningRate { get; init; } = 2e-4f;

    /// <summary>The networks' sizes.</summary>
    public ConditionalGanConfig Network { get; init; } = new() { AverageDecay = 0.999f };
}
