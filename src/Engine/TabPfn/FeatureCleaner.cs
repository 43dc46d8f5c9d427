namespace CausalMixFT.Engine.TabPfn;

/// <summary>Columns of numbers, and which of them hold categories.</summary>
/// <param name="Columns">The columns; NaN is missing.</param>
/// <param name="Categorical">Whether a column holds categories.</param>
readonly record struct FeatureBlock(double[][] Columns, bool[] Categorical);

/// <summary>Tells categories from numbers and gives categories and names codes, by the training rows.</summary>
/// <remarks>
/// A missing cell counts as a value when values are counted. A number column is categorical if it was declared so and has
/// at most 30 values, or if it has fewer than 4 and there are more than 100 training rows. Names with at most 30 values are
/// categories, and with more than that numbers: their codes. Codes follow the order of the numbers or names (by their
/// characters). A value that no training row has becomes −1; so does a missing cell of categories that were never missing.
/// </remarks>
sealed class FeatureCleaner
{
    const int MostCategories = 30, FewestNumbers = 4, RowsToInfer = 100;

    const int Unknown = -1;

    // Names beyond 30 get their codes with missing cells standing for this name, which so takes a code of its own.
    const string MissingName = "__MISSING__";

    readonly Coding[] _codings;

    internal FeatureCleaner(RawFeatures train)
    {
        _codings = [.. train.Columns.Select(column => Learn(column, train.Rows))];
    }

    /// <summary>Whether each column holds categories.</summary>
    internal bool[] Categorical => Array.ConvertAll(_codings, coding => coding.Categorical);

    /// <summary>The cells as numbers.</summary>
    internal FeatureBlock Clean(RawFeatures features) =>
        new([.. features.Columns.Zip(_codings, (column, coding) => coding.Apply(column))], Categorical);

    static Coding Learn(RawFeature column, int rows)
    {
        double[] present = [.. column.Values.Where(value => !double.IsNaN(value)).Distinct().Order()];
        bool gaps = column.Values.Any(double.IsNaN);
        int values = present.Length + (gaps ? 1 : 0);
        if (column.Names is { } names)
        {
            var found = present.Select(place => names[(int)place]).ToHashSet(StringComparer.Ordinal);
            values = found.Count + (gaps ? 1 : 0);
            bool few = values <= MostCategories;
            if (gaps && !few)
            {
                found.Add(MissingName);
            }

            return new(few && (values > 1 || column.Declared), gaps || !few, [.. found.Order(StringComparer.Ordinal)], null);
        }

        bool categorical = column.Declared ? values <= MostCategories : values > 1 && values < FewestNumbers && rows > RowsToInfer;
        return new(categorical, gaps, null, categorical ? present : null);
    }

    // How one column's cells become numbers; a column of plain numbers has neither names nor numbers to look up.
    sealed record Coding(bool Categorical, bool KeepsGaps, string[]? Names, double[]? Numbers)
    {
        internal double[] Apply(RawFeature column) => Array.ConvertAll(column.Values, value =>
            Names is null && Numbers is null ? value
            : double.IsNaN(value) ? (KeepsGaps ? double.NaN : Unknown)
            : Math.Max(Unknown, Numbers is not null
                ? Array.BinarySearch(Numbers, value)
                : Array.BinarySearch(Names!, column.Names![(int)value], StringComparer.Ordinal)));
    }
}
