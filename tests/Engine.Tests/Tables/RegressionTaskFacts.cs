using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Tables;

public class RegressionTaskFacts
{
    static readonly Column Feature = Numbers("x", 1, 2, 3, 4);

    [Fact]
    public void Rows_without_a_target_and_columns_without_information_are_left_out_with_notes()
    {
        var task = RegressionTask.From(Load(Feature, Numbers("late", 5, 1, 1, 1), Numbers("y", double.NaN, 0.5, 7, -2)), "y");
        Assert.Equal([0.5, 7, -2], task.Values);
        Assert.Equal(["x"], task.Features.Columns.Select(column => column.Name));
        Assert.Equal(2, task.Features["x"].Values[0]);
        Assert.Contains(task.Notes, note => note.Contains("1 row without a value of the target 'y'", StringComparison.Ordinal));
        Assert.Contains(task.Notes, note => note.Contains("'late'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_target_that_is_no_quantity_is_refused()
    {
        Refused(Load(Feature, new Column("y", ColumnKind.Boolean, [0, 1, 0, 1], ["no", "yes"])), "'y'", "names", "'no'", "--numeric", "classifier");
        Refused(Load(Feature, new Column("y", ColumnKind.Date, [0, 1, 2, 3])), "'y'", "days");
        Refused(Load(Feature, Numbers("y", 3, 3, double.NaN, 3)), "'y'", "same number");
        Refused(Load(Feature, Numbers("y", double.NaN, double.NaN, double.NaN, double.NaN)), "'y'", "no value");
        Refused(Load(Numbers("x", 1, 1, 1, 1), Numbers("y", 1, 2, 3, 4)), "no column to predict 'y' from");
    }

    [Fact]
    public void A_subset_keeps_rows_together_and_is_drawn_by_the_seed()
    {
        double[] values = [.. Enumerable.Range(0, 100).Select(row => (double)row)];
        var task = RegressionTask.From(Load(Numbers("x", values), Numbers("y", values)), "y");
        var some = task.Subset(17, seed: 3);
        Assert.Equal(17, some.Values.Length);
        Assert.Equal(some.Values, some.Features["x"].Values.ToArray());
        Assert.Equal(17, some.Values.Distinct().Count());
        Assert.Equal(some.Values, task.Subset(17, seed: 3).Values);
        Assert.NotEqual(some.Values, task.Subset(17, seed: 4).Values);
        Assert.Same(task, task.Subset(100, seed: 3));
    }

    static void Refused(LoadedTable loaded, params string[] parts)
    {
        string message = Assert.Throws<InputException>(() => RegressionTask.From(loaded, "y")).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    static LoadedTable Load(params Column[] columns) => new(new(columns), []);

    static Column Numbers(string name, params double[] values) => new(name, ColumnKind.Numeric, values, null, 17);
}
