using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>How a model is trained on tables from the prior; the defaults made the weights that ship.</summary>
public sealed record PretrainOptions
{
    /// <summary>Sizes of the model.</summary>
    public TransformerConfig Model { get; init; } = new();

    /// <summary>Seed of the weights and of every table.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Optimiser steps; each is one batch of tables.</summary>
    public int Steps { get; init; } = 6000;

    /// <summary>Cells of a batch, the label column counted: tables of one shape, as many as fit.</summary>
    public int TokensPerStep { get; init; } = 16_000;

    /// <summary>The largest learning rate, reached after the warm-up; a cosine brings it to 0.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public float WarmUp { get; init; } = 0.04f;

    /// <summary>Factor on the first weights that write to the residual stream: 0 starts every layer as the identity.</summary>
    public float ResidualGain { get; init; } = 1;

    /// <summary>Decoupled weight decay.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Steps between checks on held-out tables and checkpoints.</summary>
    public int CheckEvery { get; init; } = 250;
}
