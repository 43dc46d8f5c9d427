namespace CausalMixFT.Engine.FineTuning;

/// <summary>When synthetic rows are trained on.</summary>
public enum SyntheticUse
{
    /// <summary>Always: episodes are drawn from real and synthetic rows together.</summary>
    Mixed,

    /// <summary>In the first half of the steps, alone; in the second half, real rows alone.</summary>
    Staged,

    /// <summary>Always, and alone: real rows are the context at validation and nothing else.</summary>
    Only,
}

/// <summary>What synthetic rows are said to be when they are predicted.</summary>
public enum SyntheticLabels
{
    /// <summary>Of the class that they were sampled with.</summary>
    Hard,

    /// <summary>
    /// Of each class as likely as the un-tuned model finds it, given the real training rows. As context they keep the class that
    /// they were sampled with.
    /// </summary>
    Soft,
}

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

    /// <summary>
    /// Most bytes of the device that a step and the validations between steps may take. What is beyond is saved by computing
    /// activations again, which changes no bit, and if that is not enough by fewer rows in a step. Null: no bound.
    /// </summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Steps between validations.</summary>
    public int ValidateEvery { get; init; } = 10;

    /// <summary>Validations without a new best after which tuning stops.</summary>
    public int Patience { get; init; } = 4;

    /// <summary>Most validation rows, and most watched rows, that are scored at each validation.</summary>
    public int ValidationRows { get; init; } = 600;

    /// <summary>When synthetic rows are trained on, if there are any.</summary>
    public SyntheticUse Use { get; init; }

    /// <summary>What synthetic rows are said to be when they are predicted.</summary>
    public SyntheticLabels Labels { get; init; }
}
