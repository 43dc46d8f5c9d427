using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>How many rows of each kind take part, over how many columns of tokens (the label's included).</summary>
/// <remarks>
/// Token order: the context rows of all tables come first (of each table its thinking rows, then those of the data), then the
/// query rows of all tables; columns are innermost. So the keys of attention over rows, the context, are one contiguous
/// slice, and so are the rows that are asked for.
/// </remarks>
/// <param name="Tables">Tables T.</param>
/// <param name="ContextRows">Context rows of each table whose tokens are computed; 0 when they are remembered.</param>
/// <param name="QueryRows">Query rows of each table.</param>
/// <param name="Keys">Context rows of each table that queries attend to.</param>
/// <param name="Columns">Columns C.</param>
readonly record struct EpisodeShape(int Tables, int ContextRows, int QueryRows, int Keys, int Columns)
{
    internal int Rows => Tables * (ContextRows + QueryRows);

    internal int AllContextRows => Tables * ContextRows;

    internal int AllQueryRows => Tables * QueryRows;
}

/// <summary>What the encoder's forward pass leaves: what it read, and between its two maps, if it has two.</summary>
readonly record struct EncoderActivations(Tensor Inputs, Tensor? Up, Tensor? Activated);

/// <summary>What the decoder's forward pass leaves.</summary>
readonly record struct DecoderActivations(NormActivations? Norm, Tensor Read, Tensor Up, Tensor Activated, Tensor Logits);

/// <summary>What the model's forward pass leaves for its backward pass.</summary>
sealed record Activations
{
    internal required EpisodeBatch Batch { get; init; }
    internal required EpisodeShape Shape { get; init; }
    internal required Workspace Workspace { get; init; }
    internal required CellEncoder Cells { get; init; }
    internal required EncoderActivations Features { get; init; }
    internal required EncoderActivations Labels { get; init; }
    internal required Tensor? ColumnNoise { get; init; }
    internal required IReadOnlyList<LayerActivations> Layers { get; init; }
    internal required DecoderActivations Decoder { get; init; }
}
