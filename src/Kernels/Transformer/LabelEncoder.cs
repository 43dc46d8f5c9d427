namespace CausalMixFT.Kernels.Transformer;

/// <summary>Turns the labels of tables into what the label encoder's weights read: one or two numbers a row, or one a class.</summary>
/// <remarks>On the host, as <see cref="CellEncoder"/>; the rules are those of <see cref="LabelEncoding"/>.</remarks>
static class LabelEncoder
{
    const float QueryIndicator = -2;

    /// <summary>The inputs (tables · context rows, <see cref="TransformerConfig.LabelInputs"/>) of the context rows.</summary>
    internal static float[] Context(TransformerConfig config, EpisodeBatch batch)
    {
        var inputs = new float[batch.Tables * batch.ContextRows * config.LabelInputs];
        for (int table = 0; table < batch.Tables; table++)
        {
            var labels = Labels(batch, table);
            var smaller = Distinct(config, labels);
            for (int row = 0; row < labels.Length; row++)
            {
                float label = Dense(smaller, labels[row]);
                var input = inputs.AsSpan((table * batch.ContextRows + row) * config.LabelInputs, config.LabelInputs);
                if (config.Labels == LabelEncoding.OneHot)
                {
                    input[(int)label] = 1;
                }
                else
                {
                    input[0] = label;
                }
            }
        }

        return inputs;
    }

    /// <summary>The input of a query row of each table, (tables, <see cref="TransformerConfig.LabelInputs"/>).</summary>
    internal static float[] Query(TransformerConfig config, EpisodeBatch batch)
    {
        var inputs = new float[batch.Tables * config.LabelInputs];
        if (config.Labels == LabelEncoding.OneHot)
        {
            return inputs;
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            var labels = Labels(batch, table);
            double sum = 0;
            foreach (float label in labels)
            {
                sum += label;
            }

            var input = inputs.AsSpan(table * config.LabelInputs, config.LabelInputs);
            input[0] = config.Labels == LabelEncoding.Flagged ? 0 : Dense(Distinct(config, labels), (float)(sum / labels.Length));
            if (config.LabelInputs > 1)
            {
                input[1] = config.Labels == LabelEncoding.Flagged ? 1 : QueryIndicator;
            }
        }

        return inputs;
    }

    static ReadOnlySpan<float> Labels(EpisodeBatch batch, int table) =>
        batch.ContextLabels.Span.Slice(table * batch.ContextRows, batch.ContextRows);

    // The labels that occur, in order; null where they stay as they are.
    static float[]? Distinct(TransformerConfig config, ReadOnlySpan<float> labels) =>
        config.DensifyLabels ? [.. new SortedSet<float>(labels.ToArray())] : null;

    // The number of distinct labels that are smaller.
    static float Dense(float[]? distinct, float label) =>
        distinct is null ? label : distinct.Count(other => other < label);
}
