using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>Predicts numbers from rows with numbers, without training: the model reads them as its context.</summary>
/// <remarks>The members' probabilities of buckets are averaged.</remarks>
public sealed class InContextRegressor
{
    // A row has thousands of buckets: so many rows at once stay below a quarter of a gigabyte.
    internal const int RowsAtOnce = 2_048;

    readonly TabularModel _model;
    readonly PredictionOptions _options;
    readonly NumericMembers _members;
    readonly BarDistribution _distribution;

    /// <summary>A regressor, ready to be asked.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How rows are shown.</param>
    /// <param name="members">In which tables.</param>
    /// <exception cref="InputException">The first or last of the model's buckets has no width.</exception>
    public InContextRegressor(TabularModel model, PredictionOptions options, NumericMembers members)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Traits.Borders is { } borders && !(borders[0] < borders[1] && borders[^2] < borders[^1]))
        {
            throw new InputException(
                $"{model.Origin}: its first or last bucket has no width, but labels beyond the others fall into them; " +
                "the file is damaged.");
        }

        (_model, _options, _members) = (model, options, members);
        _distribution = BarDistribution.Of(model.Traits, model.Config.Classes);
    }

    /// <summary>One table of standardised columns (<see cref="FeatureEncoder"/>), as My-Small-PFN's program asks for.</summary>
    public static IReadOnlyList<EpisodeBatch> Standardised(Table context, float[] labels, Table rows)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(rows);
        var encoder = FeatureEncoder.Fit(context);
        float[] cells = [.. encoder.Encode(context), .. encoder.Encode(rows)];
        return [new(1, context.Rows, rows.Rows, encoder.Width, cells, labels)];
    }

    /// <summary>What the model says of each row.</summary>
    /// <param name="context">Rows with numbers.</param>
    /// <param name="rows">Rows to predict, which have the context's features.</param>
    /// <param name="device">Where it is computed.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public NumericPrediction[] Predict(
        RegressionTask context, Table rows, ComputeDevice device, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(rows);
        var shown = context.Subset(_options.MaxContext, _options.Seed);
        var scale = TargetScale.Of(shown.Values);
        float[] labels = Array.ConvertAll(shown.Values, scale.Label);
        using var transformer = _model.Load(device);
        using var predictor = new TransformerPredictor(transformer);
        var predictions = new NumericPrediction[rows.Rows];
        int buckets = _distribution.Buckets;
        for (int start = 0; start < rows.Rows; start += RowsAtOnce)
        {
            // No row sees another that is predicted: blocks change the last digit of single precision at most.
            int count = Math.Min(RowsAtOnce, rows.Rows - start);
            var block = count == rows.Rows ? rows : rows.Select([.. Enumerable.Range(start, count)]);
            double[] probabilities = Averaged(_members(shown.Features, labels, block), count, predictor);
            for (int row = 0; row < count; row++)
            {
                predictions[start + row] = NumericPrediction.Of(_distribution, probabilities.AsSpan(row * buckets, buckets), scale);
            }

            progress?.Report((start + count) / (double)rows.Rows);
        }

        return predictions;
    }

    // Probabilities (rows, buckets), the mean over the members.
    double[] Averaged(IReadOnlyList<EpisodeBatch> members, int rows, TransformerPredictor predictor)
    {
        int buckets = _distribution.Buckets;
        var sums = new double[rows * buckets];
        foreach (var member in members)
        {
            float[] logits = predictor.Logits(member);
            for (int row = 0; row < rows; row++)
            {
                double[] one = BarDistribution.Probabilities(logits.AsSpan(row * buckets, buckets), _model.Traits.Temperature);
                for (int k = 0; k < buckets; k++)
                {
                    sums[row * buckets + k] += one[k] / members.Count;
                }
            }
        }

        return sums;
    }
}
