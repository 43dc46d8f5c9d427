using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.TabPfn;

namespace CausalMixFT.Engine.Tests.TabPfn;

/// <summary>The tables that TabPFN is shown to predict numbers, against what its package says that it does.</summary>
public class TabPfnRegressionFacts
{
    const int Rows = 201;

    [Fact]
    public void A_member_shows_columns_as_they_are_their_quantiles_projections_and_a_fingerprint()
    {
        var batch = Assert.Single(new TabPfnRegression(Features(), new float[Rows], new() { Members = 1 }).Members(Features()));

        // 2 columns twice; min(201 / 10 + 1, 4 / 2) projections; a fingerprint.
        Assert.Equal((7, Rows, Rows), (batch.Columns, batch.ContextRows, batch.QueryRows));
        float[][] columns = [.. Enumerable.Range(0, 7).Select(c => Column(batch.Cells.Span, c))];
        double[] far = [.. Features()["far"].Values];
        Assert.Contains(columns, column => column.SequenceEqual(far.Select(value => (float)value))); // 1e6 is 14 deviations off: unclipped

        // Forty quantiles of 201 rows, one every 200 / 39 rows: numpy's nanpercentile, and a straight line between.
        double[] sorted = [.. far.Order()];
        double[] at = [.. Enumerable.Range(0, 40).Select(i => Percentile(sorted, i / 39.0))];
        float[] expected = [.. far.Select(value => (float)Share(at, value))];
        Assert.Contains(columns, column => column.Zip(expected, (a, b) => Math.Abs(a - b)).Max() < 1e-6); // single precision
    }

    [Fact]
    public void Members_have_the_seeds_of_those_that_predict_classes_and_orders_of_their_own()
    {
        Assert.Equal(EnsemblePlan.Draw(8, 2, 3).Select(plan => plan.Seed), EnsemblePlan.DrawForNumbers(8, 3).Select(plan => plan.Seed));
        var members = new TabPfnRegression(Features(), new float[Rows], new() { Members = 4 }).Members(Features()).ToArray();
        Assert.Equal(4, members.Select(member => string.Join(' ', member.Cells[..7].ToArray())).Distinct().Count());
    }

    [Fact]
    public void Tables_beyond_the_limits_are_refused()
    {
        var one = new Column("x", ColumnKind.Numeric, [1, 2], null, 17);
        var wide = new Table([.. Enumerable.Range(0, 501).Select(c => new Column($"x{c}", ColumnKind.Numeric, [c, 2], null, 17))]);
        Assert.Contains("501 columns", Refused(wide), StringComparison.Ordinal);
        Assert.Contains("1 training rows", Refused(new Table([one]).Select([0])), StringComparison.Ordinal);
        Assert.Contains("constant", Refused(new([new Column("x", ColumnKind.Numeric, [1, 1], null, 17)])), StringComparison.Ordinal);

        static string Refused(Table table) =>
            Assert.Throws<InputException>(() => new TabPfnRegression(table, new float[table.Rows], new())).Message;
    }

    // One column whose last cell lies far off, and one of small numbers.
    static Table Features()
    {
        var random = new Random(8);
        double[] far = [.. Enumerable.Range(0, Rows).Select(row => row == Rows - 1 ? 1e6 : random.NextDouble())];
        double[] near = [.. Enumerable.Range(0, Rows).Select(_ => random.NextDouble())];
        return new([new("far", ColumnKind.Numeric, far, null, 17), new("near", ColumnKind.Numeric, near, null, 17)]);
    }

    static float[] Column(ReadOnlySpan<float> cells, int column)
    {
        var found = new float[Rows];
        for (int row = 0; row < Rows; row++)
        {
            found[row] = cells[row * 7 + column];
        }

        return found;
    }

    static double Percentile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = Math.Min((int)place, sorted.Length - 2);
        return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
    }

    static double Share(double[] at, double value)
    {
        int i = Math.Clamp(Array.FindLastIndex(at, one => one <= value), 0, at.Length - 2);
        return (i + (value - at[i]) / (at[i + 1] - at[i])) / (at.Length - 1);
    }
}
