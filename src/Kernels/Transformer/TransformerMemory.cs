using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>How many bytes of a device training and prediction take, told beforehand from sizes alone.</summary>
/// <remarks>
/// To the byte what <see cref="ComputeDevice.LiveBytes"/> says after a step: the tensors of <see cref="TabularTransformer.Forward"/> and
/// <see cref="TabularTransformer.Backward"/> in their order, put into blocks as <see cref="Workspace"/> does. Left out are labels
/// while a step lasts, and what operations of the CPU device keep for their threads.
/// </remarks>
public static class TransformerMemory
{
    /// <summary>A model with its gradients and the two moments of <see cref="AdamW"/>.</summary>
    public static long OfWeights(TransformerConfig config)
    {
        var last = Parameters.Layout(config)[^1];
        long padded = (last.Offset + last.Length + 15) & ~15;
        return sizeof(float) * (4 * padded + 1);
    }

    /// <summary>The arena of a <see cref="TransformerTrainer"/> after a step.</summary>
    /// <param name="config">The model.</param>
    /// <param name="contextRows">Context rows of the table.</param>
    /// <param name="queryRows">Its query rows.</param>
    /// <param name="columns">Its feature columns.</param>
    /// <param name="recompute">Whether activations are computed again.</param>
    /// <param name="softLabels">Whether labels are soft.</param>
    public static long OfTraining(
        TransformerConfig config, int contextRows, int queryRows, int columns, bool recompute, bool softLabels = false)
    {
        var meter = new WorkspaceMeter();
        var shape = new EpisodeShape(
            1, config.ThinkingRows + contextRows, queryRows, config.ThinkingRows + contextRows, config.Tokens(columns));
        int rows = contextRows + queryRows, tokens = shape.Rows * shape.Columns;
        meter.Take(rows, config.LabelInputs);
        TakeEmbedding(config, meter, rows, shape);

        meter.Take(tokens, config.Hidden);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            bool last = layer == config.Layers - 1;
            if (layer == 0 || last || !recompute)
            {
                TakeLayer(config, meter, shape, last, keep: true);
            }
            else
            {
                meter.Take(tokens, config.Width);
            }
        }

        TakeDecoder(config, meter, shape);
        meter.Take(queryRows, 1);
        meter.Take(queryRows, config.Classes);
        if (softLabels)
        {
            meter.Take(queryRows, config.Classes);
        }

        meter.Take(queryRows, config.Classes);
        TakeGradients(config, meter, shape, rows);
        return meter.Bytes;
    }

    /// <summary>A <see cref="TransformerPredictor"/> with a context that it has read.</summary>
    /// <param name="config">The model.</param>
    /// <param name="contextRows">Context rows of the table.</param>
    /// <param name="blockRows">Query rows at once.</param>
    /// <param name="columns">Feature columns of the table.</param>
    public static long OfPrediction(TransformerConfig config, int contextRows, int blockRows, int columns)
    {
        var meter = new WorkspaceMeter();
        int keys = config.ThinkingRows + contextRows;
        var read = new EpisodeShape(1, keys, 0, keys, config.Tokens(columns));
        meter.Take(contextRows, config.LabelInputs);
        TakeEmbedding(config, meter, contextRows, read);
        TakeLayers(config, meter, read);

        meter.Reset();
        var asked = read with { ContextRows = 0, QueryRows = blockRows };
        int groups = asked.Columns - 1, tokens = blockRows * asked.Columns;
        TakeEncoder(config, meter, blockRows * groups, config.CellInputs);
        TakeEncoder(config, meter, blockRows, config.LabelInputs);
        meter.Take(tokens, config.Width);
        TakeColumns(config, meter, groups);
        TakeLayers(config, meter, asked);
        TakeDecoder(config, meter, asked);

        int lastColumns = config.Decoder == DecoderInput.LabelToken ? 1 : read.Columns;
        long remembered = (long)read.Rows * ((config.Layers - 1) * read.Columns + lastColumns) * 2 * config.Width;
        return meter.Bytes + sizeof(float) * remembered;
    }

    // Tensors of what is read, then of what comes of it; those of a training step find the labels' inputs taken.
    static void TakeEmbedding(TransformerConfig config, WorkspaceMeter meter, int rows, EpisodeShape shape)
    {
        int groups = shape.Columns - 1;
        TakeEncoder(config, meter, rows * groups, config.CellInputs);
        TakeEncoder(config, meter, rows, inputs: 0);
        TakeColumns(config, meter, groups);
        meter.Take(shape.Rows * shape.Columns, config.Width);
    }

    static void TakeEncoder(TransformerConfig config, WorkspaceMeter meter, int rows, int inputs)
    {
        meter.Take(rows, inputs);
        meter.Take(rows, config.Width);
        if (config.EncoderHidden > 0)
        {
            meter.Take(rows, config.EncoderHidden);
            meter.Take(rows, config.EncoderHidden);
        }
    }

    static void TakeColumns(TransformerConfig config, WorkspaceMeter meter, int groups)
    {
        if (config.ColumnEmbedding > 0)
        {
            meter.Take(groups, config.ColumnEmbedding);
            meter.Take(groups, config.Width);
        }
    }

    // All layers but the last in the tensors of one.
    static void TakeLayers(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape)
    {
        meter.Take(shape.Rows * shape.Columns, config.Hidden);
        if (config.Layers > 1)
        {
            TakeLayer(config, meter, shape, last: false, keep: false);
        }

        TakeLayer(config, meter, shape, last: true, keep: false);
    }

    static void TakeLayer(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape, bool last, bool keep)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns;
        bool labelsOnly = last && config.Decoder == DecoderInput.LabelToken, before = config.NormBefore;
        int columns = labelsOnly ? 1 : shape.Columns;
        int columnQueries = shape.Rows * columns, rowQueries = last ? shape.AllQueryRows * columns : columnQueries;
        TakeNorm(config, meter, before ? tokens : columnQueries);
        TakeNorm(config, meter, before ? columnQueries : rowQueries);
        if (keep || last || before)
        {
            TakeNorm(config, meter, rowQueries);
        }
        else
        {
            meter.Take(config.AffineNorm ? tokens : 0, width);
            meter.Take(tokens, 1);
        }

        if (before && (keep || labelsOnly))
        {
            meter.Take(columnQueries, width);
        }

        if (labelsOnly)
        {
            meter.Take(columnQueries, width);
        }

        meter.Take(columnQueries, width);
        meter.Take(tokens, 2 * width);
        meter.Take(columnQueries, width);
        meter.Take(columnQueries, config.Heads);
        meter.Take(rowQueries, width);
        meter.Take(shape.AllContextRows * columns, 2 * width);
        meter.Take(rowQueries, width);
        meter.Take(rowQueries, config.Heads);
        meter.Take(rowQueries, config.Hidden);
    }

    static void TakeNorm(TransformerConfig config, WorkspaceMeter meter, int rows)
    {
        meter.Take(rows, config.Width);
        if (config.AffineNorm)
        {
            meter.Take(rows, config.Width);
        }

        meter.Take(rows, 1);
    }

    static void TakeDecoder(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape)
    {
        if (config.NormBefore)
        {
            TakeNorm(config, meter, LastTokens(config, shape));
        }

        if (config.Decoder == DecoderInput.FeatureMean)
        {
            meter.Take(shape.AllQueryRows, config.Width);
        }

        meter.Take(shape.AllQueryRows, config.Hidden);
        meter.Take(shape.AllQueryRows, config.Hidden);
        meter.Take(shape.AllQueryRows, config.Classes);
    }

    // The gradients that all layers share, and those inside the encoders.
    static void TakeGradients(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape, int rows)
    {
        int tokens = shape.Rows * shape.Columns;
        bool labelsOnly = config.Decoder == DecoderInput.LabelToken;
        meter.Take(LastTokens(config, shape), config.Width);
        meter.Take(labelsOnly ? shape.Rows : tokens, config.Width);
        meter.Take(labelsOnly ? tokens : 0, config.Width);
        meter.Take(tokens, config.Width);
        meter.Take(tokens, config.Hidden);
        meter.Take(tokens, config.Width);
        meter.Take(tokens, config.Width);
        meter.Take(tokens, 2 * config.Width);
        if (config.EncoderHidden > 0)
        {
            meter.Take(rows, config.EncoderHidden);
            meter.Take(rows * (shape.Columns - 1), config.EncoderHidden);
        }
    }

    // What the last layer leaves: query rows' label tokens, or all of their tokens.
    static int LastTokens(TransformerConfig config, EpisodeShape shape) =>
        shape.AllQueryRows * (config.Decoder == DecoderInput.LabelToken ? 1 : shape.Columns);
}
