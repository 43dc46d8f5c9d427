using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Tables;

public sealed class TableFacts
{
    static readonly Table Sample = new([
        new("n", ColumnKind.Numeric, [0.5, double.NaN, 2], null, 1),
        new("b", ColumnKind.Boolean, [0, 1, double.NaN], ["no", "yes"]),
        new("c", ColumnKind.Categorical, [1, 0, 1], ["x", "y"])]);

    [Fact]
    public void Rows_can_be_chosen_repeated_and_reordered()
    {
        var chosen = Sample.Select([2, 0, 2]);
        Assert.Equal([2, 0.5, 2], chosen["n"].Values);
        Assert.Equal(["", "no", ""], Enumerable.Range(0, 3).Select(chosen["b"].Text));
        Assert.Equal(1, chosen["n"].Decimals);
        Assert.Equal(0, Sample.Select([]).Rows);
    }

    [Fact]
    public void Columns_can_be_left_out() => Assert.Equal(["c"], Sample.Without("n", "b").Columns.Select(column => column.Name));

    [Fact]
    public void Concat_unites_levels_and_kinds()
    {
        var other = new Table([
            new("n", ColumnKind.Integer, [7]),
            new("b", ColumnKind.Categorical, [1], ["maybe", "no"]),
            new("c", ColumnKind.Categorical, [0], ["z"])]);
        var both = Sample.Concat(other);
        Assert.Equal(4, both.Rows);
        Assert.Equal(ColumnKind.Numeric, both["n"].Kind);
        Assert.Equal([0.5, double.NaN, 2, 7], both["n"].Values);
        Assert.Equal(ColumnKind.Categorical, both["b"].Kind);
        Assert.Equal(["no", "yes", "", "no"], Enumerable.Range(0, 4).Select(both["b"].Text));
        Assert.Equal(["x", "y", "z"], both["c"].Levels);
        Assert.Equal("z", both["c"].Text(3));
        Assert.Equal(ColumnKind.Boolean, Sample.Concat(Sample)["b"].Kind);
    }

    [Fact]
    public void Concat_of_tables_that_differ_is_an_error_that_names_the_columns()
    {
        var fault = Assert.Throws<InputException>(() => Sample.Concat(Sample.Without("c")));
        Assert.Contains("'n', 'b', 'c'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("the same columns in the same order", fault.Message, StringComparison.Ordinal);
        fault = Assert.Throws<InputException>(() => new Table([Sample["n"]]).Concat(
            new([new("n", ColumnKind.Categorical, [0], ["text"])])));
        Assert.Contains("'n' is Numeric in one table and Categorical in the other", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--categorical n", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_column_is_an_error_that_names_the_known_ones()
    {
        var fault = Assert.Throws<InputException>(() => Sample["total"]);
        Assert.Contains("'total'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'n', 'b', 'c'", fault.Message, StringComparison.Ordinal);
        var wide = new Table([.. Enumerable.Range(0, 20).Select(i => new Column($"x{i}", ColumnKind.Integer, [i]))]);
        Assert.Contains("and 8 more", Assert.Throws<InputException>(() => wide["total"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_that_do_not_fit_together_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Table([Sample["n"], new("m", ColumnKind.Integer, [1])]));
        Assert.Throws<ArgumentException>(() => new Table([Sample["n"], Sample["n"]]));
        Assert.Throws<ArgumentException>(() => new Column("b", ColumnKind.Boolean, [0], ["no"]));
        Assert.Throws<ArgumentException>(() => new Column("n", ColumnKind.Numeric, [0], ["no"]));
        Assert.Throws<ArgumentException>(() => new Column("c", ColumnKind.Categorical, [0]));
    }
}
