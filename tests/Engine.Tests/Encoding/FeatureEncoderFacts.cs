using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Encoding;

public sealed class FeatureEncoderFacts
{
    // A float holds numbers up to 4 to 2⁻²³ · 2 = 2.4e-7.
    const double Tolerance = 2.4e-7;

    [Fact]
    public void Numbers_are_standardised_with_missing_at_the_mean()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", 1, 2, 3, double.NaN)));
        Assert.Equal(["x"], encoder.ColumnNames); // one missing cell is too few for a column of its own
        double deviation = Math.Sqrt(2 / 3.0);
        AssertClose([-1 / deviation, 0, 1 / deviation, 0], encoder.Encode(Table(Numbers("x", 1, 2, 3, double.NaN))));
    }

    [Fact]
    public void Only_training_statistics_are_used()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", -1, 1), Text("c", "a", "b", "c")));
        foreach (var view in Enum.GetValues<EncoderView>())
        {
            float[] alone = encoder.Encode(Table(Numbers("x", 0.5), Text("c", "b")), view);
            float[] together = encoder.Encode(Table(Numbers("x", 0.5, 1e6, 7), Text("c", "b", "z", "z")), view);
            Assert.Equal(alone, together[..encoder.Width]);
        }

        Assert.Equal(0.5f, encoder.Encode(Table(Numbers("x", 0.5), Text("c", "b")))[0]);
    }

    [Fact]
    public void Missing_cells_get_a_column_when_they_are_frequent_enough()
    {
        Assert.Equal(["x", "x is missing"], Fit(missing: 3, rows: 300).ColumnNames);
        Assert.Equal(["x"], Fit(missing: 2, rows: 10).ColumnNames);
        Assert.Equal(["x"], Fit(missing: 3, rows: 301).ColumnNames);
        float[] encoded = Fit(missing: 3, rows: 6).Encode(Table(Numbers("x", double.NaN, 3)));
        Assert.Equal([0, 1], encoded[..2]);
        Assert.Equal(0, encoded[3]);

        static FeatureEncoder Fit(int missing, int rows) => FeatureEncoder.Fit(Table(
            Numbers("x", [.. Enumerable.Range(0, rows).Select(row => row < missing ? double.NaN : row)])));
    }

    [Fact]
    public void Two_levels_share_a_column()
    {
        var encoder = FeatureEncoder.Fit(Table(Text("c", "a", "b", "b", "b")));
        Assert.Equal(["c=b"], encoder.ColumnNames);
        Assert.Equal([0, 1, 0.75f, 0.75f], encoder.Encode(Table(Text("c", "a", "b", "unseen", ""))));
    }

    [Fact]
    public void A_single_level_and_missing_share_a_column()
    {
        var encoder = FeatureEncoder.Fit(Table(Text("c", "a", "a", "")));
        Assert.Equal(["c is missing"], encoder.ColumnNames);
        Assert.Equal([1, 0], encoder.Encode(Table(Text("c", "", "a"))));
    }

    [Fact]
    public void Few_levels_get_a_column_each_and_missing_is_a_level_where_training_has_it()
    {
        var encoder = FeatureEncoder.Fit(Table(Text("c", "a", "b", "", "c")));
        Assert.Equal(["c=a", "c=b", "c=c", "c is missing"], encoder.ColumnNames);
        Assert.Equal([0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], encoder.Encode(Table(Text("c", "b", "", "unseen"))));
        encoder = FeatureEncoder.Fit(Table(Text("c", "a", "b", "c")));
        Assert.Equal([0, 0, 0, 0, 0, 1], encoder.Encode(Table(Text("c", "", "c"))));
    }

    [Fact]
    public void Many_levels_are_coded_by_frequency()
    {
        var encoder = FeatureEncoder.Fit(Table(Text("c", "g", "f", "e", "d", "c", "b", "a", "d", "d", "b", "")));
        Assert.Equal(["c"], encoder.ColumnNames);
        Assert.Equal([0, 1, 2, 6, -1, -1], encoder.Encode(Table(Text("c", "d", "b", "a", "g", "unseen", ""))));
    }

    [Fact]
    public void Six_levels_still_get_a_column_each()
    {
        Assert.Equal(6, FeatureEncoder.Fit(Table(Text("c", "a", "b", "c", "d", "e", "f"))).Width);
        Assert.Equal(1, FeatureEncoder.Fit(Table(Text("c", "a", "b", "c", "d", "e", "f", ""))).Width);
    }

    [Fact]
    public void Levels_are_matched_by_text_and_columns_by_name()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", 2, 4), new Column("b", ColumnKind.Boolean, [0, 1], ["0", "1"])));
        var other = Table(
            new Column("extra", ColumnKind.Integer, [9, 9]),
            new Column("b", ColumnKind.Integer, [1, 1]), // only ones: read as Integer
            new Column("x", ColumnKind.Boolean, [0, 1], ["2", "4"]));
        Assert.Equal([-1, 1, 1, 1], encoder.Encode(other));
        Assert.Equal([1, 0], FeatureEncoder.Fit(Table(Text("c", "a", "b"))).Encode(
            Table(new Column("c", ColumnKind.Categorical, [0, 1], ["b", "a"]))));
    }

    [Fact]
    public void Columns_that_are_missing_or_hold_text_for_numbers_are_errors()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", 2, 4)));
        Assert.Contains("'x'", Assert.Throws<InputException>(() => encoder.Encode(Table(Numbers("z", 1)))).Message, StringComparison.Ordinal);
        var fault = Assert.Throws<InputException>(() => encoder.Encode(Table(Text("x", "two"))));
        Assert.Contains("'x' holds 'two', but it held numbers in training", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_become_normal_scores()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", 5, 1, 1, 1000)));

        // Mid-ranks 1.5, 1.5, 3, 4 of 4: Φ⁻¹(1/4), Φ⁻¹(1/4), Φ⁻¹(5/8), Φ⁻¹(7/8), by R's qnorm.
        double low = -0.6744897501960817, middle = 0.3186393639643752, high = 1.1503493803760079;
        AssertClose([middle, low, high], encoder.Encode(Table(Numbers("x", 5, 1, 1000)), EncoderView.Rank));
        AssertClose(
            [(low + middle) / 2, low, high, 0],
            encoder.Encode(Table(Numbers("x", 3, -1e300, 1e300, double.NaN)), EncoderView.Rank));
    }

    [Fact]
    public void Ranks_do_not_change_under_a_rising_transformation()
    {
        var random = new Random(6);
        double[] values = [.. Enumerable.Range(0, 97).Select(_ => Math.Round(3 * random.NextDouble(), 1))];
        var ranks = Ranks(values);
        Assert.Equal(ranks, Ranks([.. values.Select(value => Math.Exp(40 * value))]));

        static float[] Ranks(double[] values) =>
            FeatureEncoder.Fit(Table(Numbers("x", values))).Encode(Table(Numbers("x", values)), EncoderView.Rank);
    }

    [Fact]
    public void Extreme_numbers_stay_finite_and_close_ones_apart()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", -1e308, 1e308), Numbers("t", 1.6e9, 1.6e9 + 10), Numbers("k", 7, 7)));
        float[] encoded = encoder.Encode(Table(Numbers("x", 1e308, 0), Numbers("t", 1.6e9 + 10, 1.6e9), Numbers("k", 7, 1e300)));
        AssertClose([1, 1, 0, 0, -1, 1e9], encoded);
    }

    [Fact]
    public void Columns_without_values_are_encoded_as_nothing()
    {
        var encoder = FeatureEncoder.Fit(Table(Numbers("x", double.NaN, double.NaN), Text("c", "", "")));
        Assert.Equal(["x", "c is missing"], encoder.ColumnNames);
        Assert.Equal([0, 1], encoder.Encode(Table(Numbers("x", double.NaN), Text("c", "")), EncoderView.Rank));
    }

    static void AssertClose(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], Tolerance * Math.Max(1, Math.Abs(expected[i])));
        }
    }

    // Shorter columns are padded with missing cells, so that each fact shows only what matters to it.
    static Table Table(params Column[] columns)
    {
        int rows = columns.Max(column => column.Rows);
        return new([.. columns.Select(column => new Column(
            column.Name, column.Kind,
            [.. column.Values, .. Enumerable.Repeat(double.NaN, rows - column.Rows)],
            column.IsDiscrete ? column.Levels : null))]);
    }

    static Column Numbers(string name, params double[] values) => new(name, ColumnKind.Numeric, values, null, 17);

    static Column Text(string name, params string[] cells)
    {
        string[] levels = [.. cells.Where(cell => cell.Length > 0).Distinct().Order(StringComparer.Ordinal)];
        return new(name, ColumnKind.Categorical,
            [.. cells.Select(cell => cell.Length == 0 ? double.NaN : Array.IndexOf(levels, cell))], levels);
    }
}
