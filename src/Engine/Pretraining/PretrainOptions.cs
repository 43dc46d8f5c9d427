using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>How a model is trained on tables from the prior; the defaults made the weights that ship.</summary>
public sealed record PretrainOptions
{
    /// <summary>Sizes of the model.</summary>
    public TransformerConfig Model { get; init; } = ModelPresets.Named("base")!;

    /// <summary>Seed of the weights and of every table.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Optimiser steps; each is one batch of tables.</summary>
    public int Steps { get; init; } = 3000;

    /// <summary>Cells of a batch, the label column counted: tables of one shape, as many as fit.</summary>
    public int TokensPerStep { get; init; } = 16_000;

    /// <summary>Batches, each of a shape of its own, whose gradients one step takes together.</summary>
    public int BatchesPerStep { get; init; } = 2;

    /// <summary>Whether Muon trains the matrices of the layers; AdamW trains the rest, or everything.</summary>
    public bool Muon { get; init; } = true;

    /// <summary>How the learning rate falls.</summary>
    public LearningRateShape Schedule { get; init; } = LearningRateShape.Trapezoid;

    /// <summary>Steps between snapshots of the weights, whose average is the result; 0 for the last weights.</summary>
    public int SnapshotEvery { get; init; } = 50;

    /// <summary>Snapshots in the average.</summary>
    public int Snapshots { get; init; } = 10;

    /// <summary>The largest learning rate, reached after the warm-up.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmUp { get; init; } = 72;

    /// <summary>Factor on the first weights that write to the residual stream: 0 starts every layer as the identity.</summary>
    public float ResidualGain { get; init; } = 1;

    /// <summary>Decoupled weight decay.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Steps between checks on held-out tables and checkpoints.</summary>
    public int CheckEvery { get; init; } = 50;

    /// <summary>The learning rate of every step.</summary>
    internal LearningRateSchedule LearningRates => new(LearningRate, Steps) { Shape = Schedule, WarmUp = WarmUp };

    /// <summary>Whether a run of these options took its first <paramref name="steps"/> steps just as one of the other options would.</summary>
    /// <remarks>Runs of different lengths do, as long as the learning rate of neither has begun to fall.</remarks>
    internal bool BeginsAs(PretrainOptions other, int steps) =>
        this with { Steps = other.Steps } == other
        && Enumerable.Range(0, steps).All(step => LearningRates.At(step) == other.LearningRates.At(step));
}
