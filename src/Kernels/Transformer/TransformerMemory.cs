using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>How many bytes of a device training and prediction take, told beforehand from sizes alone.</summary>
/// <remarks>
/// To the byte what a <see cref="Workspace"/> holds after a step: the tensors of <see cref="TabularTransformer.Forward"/> and
/// <see cref="TabularTransformer.Backward"/> in their order, put into blocks as it does; and a bound of what <see cref="RowBlocks"/>
/// take beside it. Left out are labels while a step lasts, and what single operations of the CPU device keep for their threads.
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
        int keys = config.ThinkingRows + contextRows;
        var shape = new EpisodeShape(1, keys, queryRows, keys, config.Tokens(columns));
        int rows = contextRows + queryRows, tokens = shape.Rows * shape.Columns;
        meter.Take(tokens, config.Width);
        TakeEmbedding(config, meter, rows, shape.Columns - 1, keep: true);

        bool streams = !recompute && (config.NormBefore || config.AffineNorm);
        meter.Take(streams && !config.NormBefore ? tokens : 0, config.Width);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            bool last = layer == config.Layers - 1;
            if (recompute && layer > 0 && !last)
            {
                meter.Take(tokens, config.Width);
            }
            else
            {
                TakeKept(config, meter, shape, last, streams, keepOutput: recompute && !last);
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

    /// <summary>The arena of a <see cref="TransformerPredictor"/> that has read a context, and what it remembers of it.</summary>
    /// <param name="config">The model.</param>
    /// <param name="contextRows">Context rows of the table.</param>
    /// <param name="blockRows">Query rows at once.</param>
    /// <param name="columns">Feature columns of the table.</param>
    public static long OfPrediction(TransformerConfig config, int contextRows, int blockRows, int columns)
    {
        var meter = new WorkspaceMeter();
        int keys = config.ThinkingRows + contextRows;
        var read = new EpisodeShape(1, keys, 0, keys, config.Tokens(columns));
        meter.Take(read.Rows * read.Columns, config.Width);
        TakeEmbedding(config, meter, contextRows, read.Columns - 1, keep: false);
        TakeLayers(config, meter, read);

        meter.Reset();
        var asked = read with { ContextRows = 0, QueryRows = blockRows };
        int groups = asked.Columns - 1;
        meter.Take(blockRows * groups, config.CellInputs);
        meter.Take(blockRows, config.LabelInputs);
        meter.Take(blockRows * asked.Columns, config.Width);
        TakeColumns(config, meter, groups);
        TakeLayers(config, meter, asked);
        TakeDecoder(config, meter, asked);

        int lastColumns = config.Decoder == DecoderInput.LabelToken ? 1 : read.Columns;
        int remembered = config.MultiQuery ? config.Width / config.Heads : config.Width;
        return meter.Bytes + sizeof(float) * (long)read.Rows * ((config.Layers - 1) * read.Columns + lastColumns) * 2 * remembered;
    }

    /// <summary>No less than what chains of operations take beside the arena: for blocks on every thread, and for a chunk of the backward pass.</summary>
    /// <param name="device">Where the model is.</param>
    /// <param name="config">The model.</param>
    /// <param name="columns">Feature columns of the table.</param>
    public static long OfBlocks(ComputeDevice device, TransformerConfig config, int columns)
    {
        // A chunk's n-th tensor is as wide as the widest n-th of the backward chains, and a block's as that of the forward chains.
        int width = config.Width, wide = Math.Max(config.Hidden, Math.Max(2 * width, config.EncoderHidden));
        long elements = RowBlocks.MostTokens(device, config.Tokens(columns)) * (2L * wide + 5 * width + config.Heads + 2);
        return sizeof(float) * (elements + PackedWeights(config) + (long)RowBlocks.MostShared(device));
    }

    // A layer's weights, or an encoder's, in the order that products read.
    static long PackedWeights(TransformerConfig config)
    {
        long layer = 8L * config.Width * config.Width + 2L * config.Width * config.Hidden;
        long encoders = (long)(config.CellInputs + config.LabelInputs + 2 * config.Width) * Math.Max(config.EncoderHidden, config.Width);
        return 2 * (layer + encoders);
    }

    // What the encoders read, what is kept of them, and the columns' vectors.
    static void TakeEmbedding(TransformerConfig config, WorkspaceMeter meter, int rows, int groups, bool keep)
    {
        meter.Take(rows, config.LabelInputs);
        meter.Take(rows * groups, config.CellInputs);
        if (keep && config.EncoderHidden > 0)
        {
            meter.Take(rows * groups, config.EncoderHidden);
            meter.Take(rows * groups, config.EncoderHidden);
        }

        if (keep && config.LabelEncoderHidden > 0)
        {
            meter.Take(rows, config.LabelEncoderHidden);
            meter.Take(rows, config.LabelEncoderHidden);
        }

        TakeColumns(config, meter, groups);
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
        if (config.Layers > 1)
        {
            TakePassing(config, meter, shape, last: false);
        }

        TakePassing(config, meter, shape, last: true);
    }

    // LayerActivations.Passing.
    static void TakePassing(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape, bool last)
    {
        var (labelsOnly, columnQueries, rowQueries) = LayerActivations.Sizes(config, shape, last);
        if (labelsOnly)
        {
            meter.Take(columnQueries, config.Width);
        }

        meter.Take(rowQueries, config.Width);
        if (config.MultiQuery && shape.ContextRows > 0 && !last)
        {
            meter.Take(shape.Rows * shape.Columns, 2 * config.Width);
        }

        meter.Take(rowQueries, config.Heads);
    }

    // LayerActivations.Keeping.
    static void TakeKept(
        TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape, bool last, bool streams, bool keepOutput)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns;
        var (labelsOnly, columnQueries, rowQueries) = LayerActivations.Sizes(config, shape, last);
        TakeNorm(config, meter, config.NormBefore ? tokens : columnQueries);
        TakeNorm(config, meter, config.NormBefore ? columnQueries : rowQueries);
        TakeNorm(config, meter, rowQueries);
        bool leavesStream = !config.NormBefore && !config.AffineNorm;
        if (!leavesStream && (labelsOnly || !streams))
        {
            meter.Take(columnQueries, width);
        }

        if (!leavesStream && keepOutput && !config.NormBefore)
        {
            meter.Take(rowQueries, width);
        }

        meter.Take(rowQueries, width);
        meter.Take(shape.AllContextRows * (labelsOnly ? 1 : shape.Columns), 2 * width);
        meter.Take(rowQueries, width);
        meter.Take(rowQueries, config.Heads);
        if (labelsOnly)
        {
            meter.Take(columnQueries, width);
        }

        meter.Take(columnQueries, width);
        meter.Take(tokens, 2 * width);
        meter.Take(columnQueries, config.Heads);
        meter.Take(rowQueries, config.Hidden);
    }

    static void TakeNorm(TransformerConfig config, WorkspaceMeter meter, int rows)
    {
        meter.Take(rows, config.Width);
        meter.Take(rows, 1);
    }

    static void TakeDecoder(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape)
    {
        if (config.NormBefore)
        {
            TakeNorm(config, meter, LastTokens(config, shape));
            meter.Take(config.AffineNorm ? LastTokens(config, shape) : 0, config.Width);
        }

        if (config.Decoder == DecoderInput.FeatureMean)
        {
            meter.Take(shape.AllQueryRows, config.Width);
        }

        meter.Take(shape.AllQueryRows, config.Hidden);
        meter.Take(shape.AllQueryRows, config.Hidden);
        meter.Take(shape.AllQueryRows, config.Classes);
    }

    // The gradients that all layers share, and those of the decoder and inside the encoders.
    static void TakeGradients(TransformerConfig config, WorkspaceMeter meter, EpisodeShape shape, int rows)
    {
        int width = config.Width, tokens = shape.Rows * shape.Columns, groups = shape.Columns - 1;
        var (labelsOnly, columnQueries, rowQueries) = LayerActivations.Sizes(config, shape, last: true);
        meter.Take(LastTokens(config, shape), width);
        meter.Take(columnQueries, width);
        meter.Take(labelsOnly ? tokens : 0, width);
        meter.Take(tokens, width);
        meter.Take(config.Layers > 1 ? tokens : rowQueries, width);
        meter.Take(shape.AllContextRows * (config.Layers == 1 && labelsOnly ? 1 : shape.Columns), 2 * width);
        meter.Take(shape.AllQueryRows, config.Hidden);
        if (config.Decoder == DecoderInput.FeatureMean)
        {
            meter.Take(shape.AllQueryRows, width);
        }

        meter.Take(rows, width);
        if (config.ColumnEmbedding > 0)
        {
            meter.Take(groups, width);
        }

        if (config.EncoderHidden > 0)
        {
            meter.Take(rows * groups, config.EncoderHidden);
        }

        if (config.LabelEncoderHidden > 0)
        {
            meter.Take(rows, config.LabelEncoderHidden);
        }
    }

    // What the last layer leaves: query rows' label tokens, or all of their tokens.
    static int LastTokens(TransformerConfig config, EpisodeShape shape) =>
        shape.AllQueryRows * (config.Decoder == DecoderInput.LabelToken ? 1 : shape.Columns);
}
