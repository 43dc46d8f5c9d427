using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>What one member does to the columns, learnt from the training rows.</summary>
/// <remarks>
/// The steps in TabPFN 8.4.0's order: columns that are constant in the training rows are dropped; columns are shown (as
/// they are and as quantiles, or as they are with categories first); common categories get shuffled codes; projections on
/// singular vectors and a fingerprint are appended; the columns are shuffled. Only then are cells cut to single precision,
/// and, where classes are predicted, outliers of columns that hold numbers clipped.
/// </remarks>
sealed class MemberPipeline
{
    // From here on quantiles replace the columns instead of joining them.
    const int FewestToReplace = 500;

    readonly MemberView _view;
    readonly int[] _kept, _categories, _numbers, _order;
    readonly bool _replaces;
    readonly QuantileTransform[] _quantiles = [];
    readonly CommonCategories? _common;
    readonly SingularFeatures? _singular;
    readonly RowFingerprint _fingerprint;
    readonly OutlierClip?[] _clips;

    internal MemberPipeline(FeatureBlock train, MemberPlan plan)
    {
        _view = plan.View;
        _kept = [.. Enumerable.Range(0, train.Columns.Length).Where(c => Varies(train.Columns[c]))];
        var kept = Kept(train);
        _categories = [.. Enumerable.Range(0, _kept.Length).Where(c => kept.Categorical[c])];
        _numbers = [.. Enumerable.Range(0, _kept.Length).Where(c => !kept.Categorical[c])];
        _replaces = _view == MemberView.Quantiles && _kept.Length >= FewestToReplace;
        if (_view != MemberView.Plain)
        {
            _quantiles = [.. _numbers.Select(c => _view == MemberView.Quantiles
                ? new QuantileTransform(kept.Columns[c]) : QuantileTransform.Fine(kept.Columns[c]))];
            _common = new(Shown(kept), plan.Seed);
            _singular = new(_common.Apply(Shown(kept)).Columns);
        }

        var block = WithProjections(kept);
        _fingerprint = new(train.Columns[0].Length, block.Columns.Length);
        block = WithColumns(block, [_fingerprint.OfTrainingRows(block.Columns)]);
        _order = new NumpyGenerator(plan.Seed).Permutation(block.Columns.Length);
        Train = Shuffled(block);
        _clips = [.. Train.Zip(
            _order, (column, c) => block.Categorical[c] || _view == MemberView.FineQuantiles ? null : new OutlierClip(column))];
        Clip(Train);
    }

    /// <summary>The training rows' columns as the network reads them.</summary>
    internal float[][] Train { get; }

    /// <summary>Most columns that a member makes of so many, whatever the cells are.</summary>
    internal static int MostColumns(int rows, int columns)
    {
        // As they are and as quantiles; where quantiles replace columns, dropping constant ones may bring them back.
        int shown = columns < FewestToReplace ? 2 * columns : Math.Max(columns, 2 * (FewestToReplace - 1));
        return shown + SingularFeatures.VectorCount(rows, shown) + 1;
    }

    /// <summary>Whether a column differs among the training rows; one value beside gaps is a difference.</summary>
    internal static bool Varies(double[] column) =>
        column.Any(value => value != column[0]) && !column.All(double.IsNaN);

    /// <summary>Other rows' columns as the network reads them.</summary>
    internal float[][] Apply(FeatureBlock rows)
    {
        var block = WithProjections(Kept(rows));
        float[][] shuffled = Shuffled(WithColumns(block, [_fingerprint.OfOtherRows(block.Columns)]));
        Clip(shuffled);
        return shuffled;
    }

    /// <summary>One table of training rows with labels, then of rows to predict, both as columns.</summary>
    internal static EpisodeBatch Batch(float[][] train, float[][] query, float[] labels) =>
        new(1, labels.Length, query[0].Length, train.Length, (float[])[.. Rows(train), .. Rows(query)], labels);

    FeatureBlock Kept(FeatureBlock block) => Picked(block, _kept);

    FeatureBlock WithProjections(FeatureBlock kept)
    {
        if (_view == MemberView.Plain)
        {
            // Codes count as numbers here.
            var ordered = Picked(kept, [.. _categories, .. _numbers]);
            return new(ordered.Columns, new bool[ordered.Columns.Length]);
        }

        var coded = _common!.Apply(Shown(kept));
        return WithColumns(coded, _singular!.Apply(coded.Columns));
    }

    FeatureBlock Shown(FeatureBlock kept)
    {
        var quantiles = _numbers.Zip(_quantiles, (c, transform) => transform.Apply(kept.Columns[c]));
        return WithColumns(_replaces ? Picked(kept, _categories) : kept, quantiles);
    }

    float[][] Shuffled(FeatureBlock block) =>
        Array.ConvertAll(_order, c => Array.ConvertAll(block.Columns[c], value => (float)value));

    void Clip(float[][] columns)
    {
        for (int c = 0; c < columns.Length; c++)
        {
            if (_clips[c] is { } clip)
            {
                columns[c] = Array.ConvertAll(columns[c], clip.Apply);
            }
        }
    }

    static float[] Rows(float[][] columns)
    {
        var cells = new float[columns.Length * columns[0].Length];
        for (int c = 0; c < columns.Length; c++)
        {
            for (int row = 0; row < columns[c].Length; row++)
            {
                cells[row * columns.Length + c] = columns[c][row];
            }
        }

        return cells;
    }

    static FeatureBlock Picked(FeatureBlock block, int[] columns) => new(
        Array.ConvertAll(columns, c => block.Columns[c]), Array.ConvertAll(columns, c => block.Categorical[c]));

    static FeatureBlock WithColumns(FeatureBlock block, IEnumerable<double[]> numbers)
    {
        double[][] columns = [.. block.Columns, .. numbers];
        return new(columns, [.. block.Categorical, .. new bool[columns.Length - block.Columns.Length]]);
    }
}
