using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>What a norm leaves for its backward pass; its output is made again from that, if it is not that.</summary>
readonly record struct NormActivations(Tensor Normalized, Tensor Rstd)
{
    internal static NormActivations Take(TransformerConfig config, int rows, Workspace workspace) =>
        new(workspace.Take(rows, config.Width), workspace.Take(rows, 1));

    /// <summary>The part of a block of rows.</summary>
    internal NormActivations Of(RowBlock rows, int tokensPerRow) => new(rows.Of(Normalized, tokensPerRow), rows.Of(Rstd, tokensPerRow));
}

/// <summary>What of a layer only its backward pass reads; without one, it exists for a block of rows at a time.</summary>
/// <remarks>
/// Not kept, because making it again costs next to nothing: what attention over columns gave, the output of a norm that has weights,
/// and the perceptron's activations after GELU.
/// </remarks>
sealed record KeptActivations
{
    /// <summary>The label tokens that attention over columns read, where they are its only queries.</summary>
    internal required Tensor? ColumnAsked { get; init; }

    internal required Tensor ColumnQuery { get; init; }

    internal required Tensor ColumnKeyValue { get; init; }

    internal required Tensor ColumnLogSumExp { get; init; }

    internal required NormActivations Norm1 { get; init; }

    internal required NormActivations Norm2 { get; init; }

    /// <summary>The perceptron's hidden elements before GELU.</summary>
    internal required Tensor Up { get; init; }

    internal required NormActivations Norm3 { get; init; }
}

/// <summary>The tensors of a layer that exist for the whole table: the stream, and what attention over rows reads of all rows.</summary>
/// <remarks>
/// Three sub-layers: attention over the columns of each row, attention over the context rows of each column, and the
/// perceptron. A norm before a sub-layer gives what the sub-layer reads; a norm after it gives what the next one reads.
/// The last layer computes only what the decoder reads of the query rows (their label tokens, if that is all), and
/// what these depend on: all columns are keys of the label's attention over columns, and context tokens are keys of that over
/// rows.
/// </remarks>
sealed record LayerActivations
{
    /// <summary>Whether the layer's queries are the label tokens alone.</summary>
    internal required bool LabelsOnly { get; init; }

    /// <summary>Whether context rows go no further than keys and values.</summary>
    internal required bool Last { get; init; }

    internal required Tensor Input { get; init; }

    /// <summary>The norm that gave <see cref="Input"/>, and its weights, where the input itself has been overwritten.</summary>
    internal (NormActivations Norm, NormParameters Weights)? InputNorm { get; init; }

    /// <summary>The stream after attention over columns; may lie where the input was.</summary>
    internal required Tensor RowTokens { get; init; }

    internal required Tensor RowQuery { get; init; }

    /// <summary>All heads' keys and values of the context, or null where <see cref="Remembered"/> is all that is read of them.</summary>
    internal required Tensor? RowKeyValue { get; init; }

    /// <summary>Where the first head's keys and values go too, if anywhere.</summary>
    internal Tensor? Remembered { get; init; }

    /// <summary>What attention over rows gives; may lie where its queries were.</summary>
    internal required Tensor RowAttended { get; init; }

    internal required Tensor RowLogSumExp { get; init; }

    /// <summary>The stream after the layer, of the rows that go on; may lie where it was before.</summary>
    internal required Tensor Output { get; init; }

    internal KeptActivations? Kept { get; init; }

    /// <summary>The last rows of a tensor of the stream, as many as go on.</summary>
    internal Tensor OfQueries(Tensor stream) => stream.Slice(stream.Rows - Output.Rows, Output.Rows);

    /// <summary>Tokens of a row that queries are made of.</summary>
    internal int Asked(EpisodeShape shape) => LabelsOnly ? 1 : shape.Columns;

    /// <summary>The tensors of a layer that nothing is kept of: it writes its output where its input was.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shape">The rows and columns.</param>
    /// <param name="stream">The tokens that come in.</param>
    /// <param name="last">Whether this is the last layer.</param>
    /// <param name="keyValue">The keys and values of the context: written when the shape has context rows, otherwise read.</param>
    /// <param name="workspace">Where the tensors come from.</param>
    internal static LayerActivations Passing(
        TransformerConfig config, EpisodeShape shape, Tensor stream, bool last, Tensor keyValue, Workspace workspace)
    {
        var (labelsOnly, columnQueries, rowQueries) = Sizes(config, shape, last);
        bool firstHead = config.MultiQuery && shape.ContextRows > 0;
        var rowTokens = labelsOnly ? workspace.Take(columnQueries, config.Width) : stream;
        var query = workspace.Take(rowQueries, config.Width);
        return new()
        {
            Last = last,
            LabelsOnly = labelsOnly,
            Input = stream,
            RowTokens = rowTokens,
            RowQuery = query,
            RowKeyValue = !firstHead ? keyValue : last ? null : workspace.Take(stream.Rows, 2 * config.Width),
            Remembered = firstHead ? keyValue : null,
            RowAttended = query,
            RowLogSumExp = workspace.Take(rowQueries, config.Heads),
            Output = rowTokens.Slice(columnQueries - rowQueries, rowQueries),
        };
    }

    /// <summary>The tensors of a layer that a backward pass follows.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shape">The rows and columns.</param>
    /// <param name="input">The tokens that come in.</param>
    /// <param name="stream">A tensor that layers may pass on what need not be kept in; null where every layer's output is kept.</param>
    /// <param name="last">Whether this is the last layer.</param>
    /// <param name="keepOutput">Whether the output is kept as it is, to make the next layer's activations of it again.</param>
    /// <param name="workspace">Where the tensors come from.</param>
    internal static LayerActivations Keeping(
        TransformerConfig config, EpisodeShape shape, Tensor input, Tensor? stream, bool last, bool keepOutput, Workspace workspace)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns;
        var (labelsOnly, columnQueries, rowQueries) = Sizes(config, shape, last);
        var norm1 = NormActivations.Take(config, config.NormBefore ? tokens : columnQueries, workspace);
        var norm2 = NormActivations.Take(config, config.NormBefore ? columnQueries : rowQueries, workspace);
        var norm3 = NormActivations.Take(config, rowQueries, workspace);

        // A norm after a sub-layer that has no weights leaves the stream itself.
        bool leavesStream = !config.NormBefore && !config.AffineNorm;
        var rowTokens = leavesStream ? norm1.Normalized
            : !labelsOnly && stream is { } passing ? passing : workspace.Take(columnQueries, width);
        var output = leavesStream ? norm3.Normalized
            : keepOutput && !config.NormBefore ? workspace.Take(rowQueries, width)
            : rowTokens.Slice(columnQueries - rowQueries, rowQueries);
        return new()
        {
            Last = last,
            LabelsOnly = labelsOnly,
            Input = input,
            RowTokens = rowTokens,
            RowQuery = workspace.Take(rowQueries, width),
            RowKeyValue = workspace.Take(shape.AllContextRows * (labelsOnly ? 1 : shape.Columns), 2 * width),
            RowAttended = workspace.Take(rowQueries, width),
            RowLogSumExp = workspace.Take(rowQueries, config.Heads),
            Output = output,
            Kept = new()
            {
                ColumnAsked = labelsOnly ? workspace.Take(columnQueries, width) : null,
                ColumnQuery = workspace.Take(columnQueries, width),
                ColumnKeyValue = workspace.Take(tokens, 2 * width),
                ColumnLogSumExp = workspace.Take(columnQueries, config.Heads),
                Norm1 = norm1,
                Norm2 = norm2,
                Up = workspace.Take(rowQueries, config.Hidden),
                Norm3 = norm3,
            },
        };
    }

    /// <summary>The same tensors for another layer, with an input and an output of its own.</summary>
    internal LayerActivations Reading(TransformerConfig config, Tensor input, Workspace workspace)
    {
        var output = workspace.Take(Output.Rows, config.Width);
        var next = this with { Input = input, Output = output };
        return config.NormBefore ? next with { RowTokens = output }
            : config.AffineNorm ? next
            : next with { Kept = Kept! with { Norm3 = Kept.Norm3 with { Normalized = output } } };
    }

    // Tokens that ask attention over columns, and those that ask that over rows.
    internal static (bool LabelsOnly, int ColumnQueries, int RowQueries) Sizes(TransformerConfig config, EpisodeShape shape, bool last)
    {
        bool labelsOnly = last && config.Decoder == DecoderInput.LabelToken;
        int columns = labelsOnly ? 1 : shape.Columns;
        return (labelsOnly, shape.Rows * columns, (last ? shape.AllQueryRows : shape.Rows) * columns);
    }
}
