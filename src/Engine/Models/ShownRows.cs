using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>Rows of a table and their classes, kept as a kind of model is shown them.</summary>
/// <remarks>
/// Two kinds: <see cref="EncodedRows"/>, our own two views, and <see cref="TabPfn.TabPfnRows"/>, what TabPFN's package shows. All that
/// predicts, validates or fine-tunes goes through here, so that each does as the others do. Rows meet rows of their own kind only.
/// </remarks>
/// <param name="Labels">The class of each row.</param>
public abstract record ShownRows(int[] Labels)
{
    /// <summary>Number of rows.</summary>
    public int Rows => Labels.Length;

    /// <summary>Some of the rows, in that order.</summary>
    public ShownRows Select(ReadOnlySpan<int> rows) => Picked(rows);

    /// <summary>What <see cref="Select"/> gives.</summary>
    protected abstract ShownRows Picked(ReadOnlySpan<int> rows);

    /// <summary>These rows, then others of the same table.</summary>
    public abstract ShownRows Concat(ShownRows other);

    /// <summary>Most columns of a table that the model is shown with so many of these rows as context.</summary>
    public abstract int MostColumns(int contextRows);

    /// <summary>These rows as context and others as query, as one member of the ensemble that predicts is shown them.</summary>
    /// <param name="query">The rows that are asked for.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="seed">The seed of the ensemble.</param>
    /// <param name="draw">Which draw of a member: the same one always is the same member.</param>
    public abstract ShownTable Episode(ShownRows query, int classes, ulong seed, uint draw);

    /// <summary>Probabilities (query rows, classes), row-major, with these rows as context; each row sums to 1.</summary>
    /// <param name="query">Rows to predict; their labels are not read.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="options">How rows are shown.</param>
    /// <param name="temperature">Divides the model's outputs.</param>
    /// <param name="predictor">The model.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public abstract float[] Probabilities(
        ShownRows query, int classes, PredictionOptions options, double temperature, TransformerPredictor predictor,
        IProgress<double>? progress);
}
