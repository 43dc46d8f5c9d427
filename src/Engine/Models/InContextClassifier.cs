using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>How labelled rows are shown to a model when it predicts.</summary>
public sealed record PredictionOptions
{
    /// <summary>Most labelled rows that the model sees at once; of more, some are drawn: by our own members, each its own.</summary>
    public int MaxContext { get; init; } = 1000;

    /// <summary>Which of more labelled rows are drawn for our own members; TabPFN's are <see cref="ContextDraw.Stratified"/>.</summary>
    public ContextDraw ContextDraw { get; init; }

    /// <summary>Predictions that are averaged, each with another view of the numbers and other names of the classes.</summary>
    public int Members { get; init; } = 4;

    /// <summary>The same for a model that is shown tables as TabPFN's package does: its own number.</summary>
    public int TabPfnMembers { get; init; } = 8;

    /// <summary>Seeds the draw of context rows, and all that the members of <see cref="TabPfnMembers"/> draw.</summary>
    public ulong Seed { get; init; }
}

/// <summary>Predicts classes from labelled rows in one pass, without training: the model reads them as its context.</summary>
/// <param name="model">The model, borrowed.</param>
/// <param name="options">How rows are shown.</param>
/// <param name="temperature">Divides the model's outputs.</param>
/// <param name="mostRows">Most query rows that it reads at once, where memory is short.</param>
public sealed class InContextClassifier(
    TabularTransformer model, PredictionOptions options, double temperature = 1, int? mostRows = null) : IDisposable
{
    readonly TransformerPredictor _predictor = new(model) { MostRows = mostRows };

    /// <summary>Probabilities (query rows, classes), row-major; each row sums to 1.</summary>
    /// <param name="context">Labelled rows, kept as the model is shown them; every class should be among them.</param>
    /// <param name="query">Rows to predict; their labels are not read.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public float[] Probabilities(ShownRows context, ShownRows query, int classes, IProgress<double>? progress = null) =>
        context.Probabilities(query, classes, options, temperature, _predictor, progress);

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();
}
