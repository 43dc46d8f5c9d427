using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>How many rows of each kind take part, over how many columns (the label's included).</summary>
/// <remarks>
/// Token order: the context rows of all tables come first, then the query rows of all tables; columns are innermost. So
/// the keys of attention over rows, the context, are one contiguous slice, and so are the rows that are asked for.
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

/// <summary>What one layer's forward pass leaves for its backward pass.</summary>
/// <remarks>
/// The last layer computes only what the decoder reads, the label tokens of the query rows, and what these depend on:
/// all columns are keys of the label's attention over columns, and context label tokens are keys of that over rows.
/// </remarks>
sealed record LayerActivations
{
    internal required bool Last { get; init; }

    // Attention over the columns of each row; Columns of them are queries, or the label alone in the last layer.
    internal required Tensor Input { get; init; }
    internal required Tensor ColumnInput { get; init; }
    internal required Tensor ColumnQuery { get; init; }
    internal required Tensor ColumnKeyValue { get; init; }
    internal required Tensor ColumnAttended { get; init; }
    internal required Tensor ColumnLogSumExp { get; init; }
    internal required Tensor Normalized1 { get; init; }
    internal required Tensor Rstd1 { get; init; }

    // Attention over the context rows of each column.
    internal required Tensor RowTokens { get; init; }
    internal required Tensor RowInput { get; init; }
    internal required Tensor RowContext { get; init; }
    internal required Tensor RowQuery { get; init; }
    internal required Tensor RowKeyValue { get; init; }
    internal required Tensor RowAttended { get; init; }
    internal required Tensor RowLogSumExp { get; init; }
    internal required Tensor Normalized2 { get; init; }
    internal required Tensor Rstd2 { get; init; }

    // The perceptron.
    internal required Tensor MlpInput { get; init; }
    internal required Tensor Up { get; init; }
    internal required Tensor Activated { get; init; }
    internal required Tensor Normalized3 { get; init; }
    internal required Tensor Rstd3 { get; init; }
    internal required Tensor Output { get; init; }

    /// <summary>Takes a layer's tensors from the workspace.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shape">The rows and columns.</param>
    /// <param name="input">The tokens that come in.</param>
    /// <param name="last">Whether this is the last layer.</param>
    /// <param name="workspace">Where the tensors come from.</param>
    /// <param name="keep">Whether the input must outlive the layer; otherwise the output may overwrite it.</param>
    internal static LayerActivations Take(
        TransformerConfig config, EpisodeShape shape, Tensor input, bool last, Workspace workspace, bool keep)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns;
        int columns = last ? 1 : shape.Columns;
        int columnQueries = shape.Rows * columns, context = shape.AllContextRows * columns;
        int rowQueries = last ? shape.AllQueryRows : columnQueries;
        var rowTokens = workspace.Take(columnQueries, width);
        return new()
        {
            Last = last,
            Input = input,
            ColumnInput = last ? workspace.Take(columnQueries, width) : input,
            ColumnQuery = workspace.Take(columnQueries, width),
            ColumnKeyValue = workspace.Take(tokens, 2 * width),
            ColumnAttended = workspace.Take(columnQueries, width),
            ColumnLogSumExp = workspace.Take(columnQueries, config.Heads),
            Normalized1 = workspace.Take(columnQueries, width),
            Rstd1 = workspace.Take(columnQueries, 1),
            RowTokens = rowTokens,
            RowInput = rowTokens.Slice(columnQueries - rowQueries, rowQueries),
            RowContext = rowTokens.Slice(0, context),
            RowQuery = workspace.Take(rowQueries, width),
            RowKeyValue = workspace.Take(context, 2 * width),
            RowAttended = workspace.Take(rowQueries, width),
            RowLogSumExp = workspace.Take(rowQueries, config.Heads),
            Normalized2 = workspace.Take(rowQueries, width),
            Rstd2 = workspace.Take(rowQueries, 1),
            MlpInput = workspace.Take(rowQueries, width),
            Up = workspace.Take(rowQueries, config.Hidden),
            Activated = workspace.Take(rowQueries, config.Hidden),
            Normalized3 = workspace.Take(rowQueries, width),
            Rstd3 = workspace.Take(rowQueries, 1),
            Output = keep || last ? workspace.Take(rowQueries, width) : input,
        };
    }
}

/// <summary>What the model's forward pass leaves for its backward pass.</summary>
sealed record Activations
{
    internal required EpisodeShape Shape { get; init; }
    internal required Workspace Workspace { get; init; }
    internal required Tensor Values { get; init; }
    internal required IReadOnlyList<LayerActivations> Layers { get; init; }
    internal required Tensor DecoderUp { get; init; }
    internal required Tensor DecoderActivated { get; init; }
    internal required Tensor Logits { get; init; }
}
