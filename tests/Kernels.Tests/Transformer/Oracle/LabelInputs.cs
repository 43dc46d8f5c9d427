using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>What the encoder reads of the labels: one row of <see cref="TransformerConfig.LabelInputs"/> numbers a row.</summary>
static class LabelInputs
{
    const double MissingIndicator = -2;

    public static Matrix Of(TransformerConfig config, OracleEpisode episode)
    {
        var inputs = new Matrix(episode.Tables * episode.Rows, config.LabelInputs);
        for (int table = 0; table < episode.Tables; table++)
        {
            double[] labels = episode.Labels[(table * episode.ContextRows)..((table + 1) * episode.ContextRows)];
            double[] distinct = [.. labels.Distinct()];
            double Value(double label) => config.DensifyLabels ? distinct.Count(smaller => smaller < label) : label;
            for (int row = 0; row < episode.Rows; row++)
            {
                bool query = row >= episode.ContextRows;
                double value = Value(query ? labels.Average() : labels[row]);
                double[] numbers = config.Labels switch
                {
                    LabelEncoding.Value => [value],
                    LabelEncoding.Indicated => [value, query ? MissingIndicator : 0],
                    LabelEncoding.Flagged => [query ? 0 : value, query ? 1 : 0],
                    LabelEncoding.OneHot =>
                        [.. Enumerable.Range(0, config.Classes).Select(k => !query && k == (int)value ? 1.0 : 0)],
                    _ => throw new ArgumentOutOfRangeException(nameof(config)),
                };
                numbers.CopyTo(inputs.Row(table * episode.Rows + row));
            }
        }

        return inputs;
    }
}
