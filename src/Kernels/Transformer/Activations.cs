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

/// <summary>What a norm leaves: its output, which is <see cref="Normalized"/> itself when it has no weights.</summary>
readonly record struct NormActivations(Tensor Output, Tensor Normalized, Tensor Rstd)
{
    internal static NormActivations Take(TransformerConfig config, int rows, Workspace workspace)
    {
        var normalized = workspace.Take(rows, config.Width);
        return new(config.AffineNorm ? workspace.Take(rows, config.Width) : normalized, normalized, workspace.Take(rows, 1));
    }

    /// <summary>A norm whose output overwrites a tensor.</summary>
    internal static NormActivations Into(TransformerConfig config, Tensor output, Workspace workspace) => new(
        output, config.AffineNorm ? workspace.Take(output.Rows, config.Width) : output, workspace.Take(output.Rows, 1));
}

/// <summary>What one layer's forward pass leaves for its backward pass.</summary>
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

    // What attention over columns reads: all tokens as keys, all or the labels' as queries.
    internal required Tensor ColumnRead { get; init; }
    internal required Tensor ColumnAsked { get; init; }
    internal required Tensor ColumnQuery { get; init; }
    internal required Tensor ColumnKeyValue { get; init; }
    internal required Tensor ColumnAttended { get; init; }
    internal required Tensor ColumnLogSumExp { get; init; }
    internal required NormActivations Norm1 { get; init; }

    // The stream between the sub-layers, and what attention over rows reads of it.
    internal required Tensor RowTokens { get; init; }
    internal required Tensor RowRead { get; init; }
    internal required Tensor RowQuery { get; init; }
    internal required Tensor RowKeyValue { get; init; }
    internal required Tensor RowAttended { get; init; }
    internal required Tensor RowLogSumExp { get; init; }
    internal required NormActivations Norm2 { get; init; }

    // The perceptron; its activations are shared by all layers, for they are cheaper to compute again than to keep.
    internal required Tensor MlpRead { get; init; }
    internal required Tensor Up { get; init; }
    internal required Tensor Activated { get; init; }
    internal required NormActivations Norm3 { get; init; }
    internal required Tensor Output { get; init; }

    /// <summary>The rows of the stream that go on: all, or those of the query.</summary>
    internal Tensor RowInput => OfQueries(RowTokens);

    /// <summary>What the queries of attention over rows read.</summary>
    internal Tensor RowAsked => OfQueries(RowRead);

    /// <summary>What its keys and values read.</summary>
    internal Tensor RowContext => RowRead.Slice(0, RowKeyValue.Rows);

    /// <summary>The last rows of a tensor of the stream, as many as go on.</summary>
    internal Tensor OfQueries(Tensor stream) => stream.Slice(stream.Rows - RowQuery.Rows, RowQuery.Rows);

    /// <summary>The same tensors for another layer, with an input and an output of its own.</summary>
    internal LayerActivations Reading(TransformerConfig config, Tensor input, Workspace workspace)
    {
        var output = workspace.Take(Output.Rows, config.Width);
        return config.NormBefore
            ? this with { Input = input, RowTokens = output, Output = output }
            : this with
            {
                Input = input,
                ColumnRead = input,
                ColumnAsked = input,
                Norm3 = Norm3 with { Output = output, Normalized = config.AffineNorm ? Norm3.Normalized : output },
                Output = output,
            };
    }

    /// <summary>Takes a layer's tensors from the workspace.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shape">The rows and columns.</param>
    /// <param name="input">The tokens that come in.</param>
    /// <param name="last">Whether this is the last layer.</param>
    /// <param name="activated">A tensor for the perceptron's activations, at least as long as the layer needs.</param>
    /// <param name="workspace">Where the tensors come from.</param>
    /// <param name="keep">Whether the input must outlive the layer; otherwise the output overwrites it.</param>
    internal static LayerActivations Take(
        TransformerConfig config, EpisodeShape shape, Tensor input, bool last, Tensor activated, Workspace workspace, bool keep)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns;
        bool labelsOnly = last && config.Decoder == DecoderInput.LabelToken, before = config.NormBefore;
        int columns = labelsOnly ? 1 : shape.Columns;
        int columnQueries = shape.Rows * columns, context = shape.AllContextRows * columns;
        int rowQueries = last ? shape.AllQueryRows * columns : columnQueries;
        var norm1 = NormActivations.Take(config, before ? tokens : columnQueries, workspace);
        var norm2 = NormActivations.Take(config, before ? columnQueries : rowQueries, workspace);
        var norm3 = keep || last || before
            ? NormActivations.Take(config, rowQueries, workspace)
            : NormActivations.Into(config, input, workspace);
        var columnRead = before ? norm1.Output : input;
        var rowTokens = !before ? norm1.Output : keep || labelsOnly ? workspace.Take(columnQueries, width) : input;
        var output = before ? rowTokens.Slice(columnQueries - rowQueries, rowQueries) : norm3.Output;
        return new()
        {
            Last = last,
            LabelsOnly = labelsOnly,
            Input = input,
            ColumnRead = columnRead,
            ColumnAsked = labelsOnly ? workspace.Take(columnQueries, width) : columnRead,
            ColumnQuery = workspace.Take(columnQueries, width),
            ColumnKeyValue = workspace.Take(tokens, 2 * width),
            ColumnAttended = workspace.Take(columnQueries, width),
            ColumnLogSumExp = workspace.Take(columnQueries, config.Heads),
            Norm1 = norm1,
            RowTokens = rowTokens,
            RowRead = before ? norm2.Output : rowTokens,
            RowQuery = workspace.Take(rowQueries, width),
            RowKeyValue = workspace.Take(context, 2 * width),
            RowAttended = workspace.Take(rowQueries, width),
            RowLogSumExp = workspace.Take(rowQueries, config.Heads),
            Norm2 = norm2,
            MlpRead = before ? norm3.Output : norm2.Output,
            Up = workspace.Take(rowQueries, config.Hidden),
            Activated = activated.As(activated.Length / config.Hidden, config.Hidden).Slice(0, rowQueries),
            Norm3 = norm3,
            Output = output,
        };
    }
}

/// <summary>What the encoder's forward pass leaves: what it read, and between its two maps, if it has two.</summary>
readonly record struct EncoderActivations(Tensor Inputs, Tensor? Up, Tensor? Activated, Tensor Output);

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
