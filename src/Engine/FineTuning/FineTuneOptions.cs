namespace CausalMixFT.Engine.FineTuning;

/// <summary>How a model is fine-tuned on one table; the defaults are the recommended run.</summary>
public sealed record FineTuneOptions
{
    // One list, so that two records of defaults are equal.
    static readonly IReadOnlyList<float> UsualRates = [1e-5f, 3e-5f, 1e-4f];

    /// <summary>Seeds the episodes.</summary>
    public ulong Seed { get; init; }

    /// <summary>Most optimiser steps; each is one episode.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>
    /// The largest learning rate, reached after the warm-up; a cosine brings it to 0. Null: one of <see cref="RatesToTry"/>, chosen
    /// by the validation rows.
    /// </summary>
    public float? LearningRate { get; init; }

    /// <summary>The learning rates that are tried where none is given, rising.</summary>
    public IReadOnlyList<float> RatesToTry { get; init; } = UsualRates;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public float WarmUp { get; init; } = 0.1f;

    /// <summary>Decoupled weight decay.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Gradients with a larger norm are scaled down to it.</summary>
    public float ClipNorm { get; init; } = 1;

    /// <summary>Most context rows of an episode: the cost of a step grows with it.</summary>
    public int ContextRows { get; init; } = 400;

    /// <summary>Most query rows of an episode.</summary>
    public int QueryRows { get; init; } = 100;

    /// <summary>Steps between validations.</summary>
    public int ValidateEvery { get; init; } = 10;

    /// <summary>Validations without a new best after which tuning stops.</summary>
    public int Patience { get; init; } = 4;

    /// <summary>Most validation rows that are scored at each validation.</summary>
    public int ValidationRows { get; init; } = 600;
}
