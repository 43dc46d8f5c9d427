using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>How labelled rows are shown to a model when it predicts.</summary>
public sealed record PredictionOptions
{
    /// <summary>Most labelled rows that the model sees at once; of more, each member draws its own.</summary>
    public int MaxContext { get; init; } = 1000;

    /// <summary>Predictions that are averaged, each with another view of the numbers and other names of the classes.</summary>
    public int Members { get; init; } = 4;

    /// <summary>Seeds the draw of context rows.</summary>
    public ulong Seed { get; init; }
}

/// <summary>Predicts classes from labelled rows in one pass, without training: the model reads them as its context.</summary>
/// <param name="model">The model, borrowed.</param>
/// <param name="options">How rows are shown.</param>
/// <param name="temperature">Divides the model's outputs.</param>
public sealed class InContextClassifier(TabularTransformer model, PredictionOptions options, double temperature = 1) : IDisposable
{
    readonly TransformerPredictor _predictor = new(model);

    /// <summary>Probabilities (query rows, classes), row-major; each row sums to 1.</summary>
    /// <param name="context">Labelled rows; every class should be among them.</param>
    /// <param name="query">Rows to predict; their labels are not read.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public float[] Probabilities(EncodedRows context, EncodedRows query, int classes, IProgress<double>? progress = null)
    {
        var sums = new float[query.Rows * classes];
        int[] all = [.. Enumerable.Range(0, context.Rows)];
        for (int index = 0; index < options.Members; index++)
        {
            var member = Member.Of(index, options.Members, classes);
            var shown = context.Select(
                StratifiedSplit.Subset(context.Labels, all, options.MaxContext, options.Seed + (ulong)index));
            var probabilities = _predictor.Probabilities(member.Episode(shown, query), classes, temperature);
            for (int row = 0; row < query.Rows; row++)
            {
                for (int k = 0; k < classes; k++)
                {
                    sums[row * classes + k] += probabilities[row * classes + member.Shown(k)] / options.Members;
                }
            }

            progress?.Report((index + 1.0) / options.Members);
        }

        return sums;
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();
}
