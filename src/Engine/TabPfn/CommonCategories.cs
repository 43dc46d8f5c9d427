namespace CausalMixFT.Engine.TabPfn;

/// <summary>Gives categories that are all common shuffled codes and moves their columns to the front.</summary>
/// <remarks>
/// Categories are common if each of a column's values, missing among them, is in 10 training rows or more and there are
/// fewer values than a tenth of the rows. The other columns follow unchanged, and count as numbers from here on. A value
/// that no training row has becomes missing.
/// </remarks>
sealed class CommonCategories
{
    const int RowsPerCategory = 10;

    readonly int[] _common, _rest;
    readonly Dictionary<double, double>[] _codes;

    internal CommonCategories(FeatureBlock train, ulong seed)
    {
        var generator = new NumpyGenerator(seed);
        _common = [.. Enumerable.Range(0, train.Columns.Length).Where(c => train.Categorical[c] && AreCommon(train.Columns[c]))];
        _rest = [.. Enumerable.Range(0, train.Columns.Length).Except(_common)];
        _codes = [.. _common.Select(c => Codes(train.Columns[c], generator))];
    }

    /// <summary>The columns in their new order.</summary>
    internal FeatureBlock Apply(FeatureBlock block)
    {
        var coded = _common.Zip(_codes, (c, codes) => Array.ConvertAll(
            block.Columns[c], value => codes.TryGetValue(value, out double code) ? code : double.NaN));
        return new(
            [.. coded, .. _rest.Select(c => block.Columns[c])],
            [.. _common.Select(_ => true), .. _rest.Select(_ => false)]);
    }

    static bool AreCommon(double[] column)
    {
        // Equals holds between NaNs, so that missing cells count as one value.
        var counts = column.CountBy(value => value).ToArray();
        return counts.Min(pair => pair.Value) >= RowsPerCategory && counts.Length < column.Length / RowsPerCategory;
    }

    // Missing stays missing but takes part in the shuffle.
    static Dictionary<double, double> Codes(double[] column, NumpyGenerator generator)
    {
        double[] present = [.. column.Where(value => !double.IsNaN(value)).Distinct().Order()];
        int[] shuffled = generator.Permutation(present.Length + (column.Any(double.IsNaN) ? 1 : 0));
        return present.Select((value, i) => (value, i)).ToDictionary(pair => pair.value, pair => (double)shuffled[pair.i]);
    }
}
