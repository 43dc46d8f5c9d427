using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Tables;

public sealed class ClassificationTaskFacts
{
    static readonly Column Feature = Numbers("x", row => row);

    [Fact]
    public void Features_labels_and_the_whole_table_fit_together()
    {
        var task = ClassificationTask.From(Load(Feature, Text("y", row => row % 3 == 0 ? "b" : "a"), Numbers("z", row => row / 2)), "y");
        Assert.Equal(["x", "z"], task.Features.Columns.Select(column => column.Name));
        Assert.Equal(["x", "z", "y"], task.Table.Columns.Select(column => column.Name));
        Assert.Equal(["a", "b"], task.ClassNames);
        Assert.Equal([1, 0, 0, 1], task.Labels[..4]);
        Assert.Equal(ColumnKind.Categorical, task.Table["y"].Kind);
        Assert.Equal("b", task.Table["y"].Text(3));
        Assert.Equal(30, task.Rows);
        Assert.Empty(task.Notes);
    }

    [Fact]
    public void Rows_without_a_target_are_left_out_with_a_note()
    {
        var task = ClassificationTask.From(Load(Feature, Numbers("y", row => row < 2 ? double.NaN : row % 2)), "y");
        Assert.Equal(28, task.Rows);
        Assert.Equal(2, task.Features["x"].Values[0]);
        Assert.Contains("2 rows without a value of the target 'y'", Assert.Single(task.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Constant_and_empty_columns_are_left_out_with_notes()
    {
        // 'late' differs only in the row that has no target.
        var task = ClassificationTask.From(Load(
            Feature, Numbers("one", _ => 1), Numbers("late", row => row == 0 ? 5 : double.NaN), Numbers("none", _ => double.NaN),
            Numbers("y", row => row == 0 ? double.NaN : row % 2)), "y");
        Assert.Equal(["x"], task.Features.Columns.Select(column => column.Name));
        Assert.Contains(task.Notes, note => note.Contains("without any value left out: 'late', 'none'", StringComparison.Ordinal));
        Assert.Contains(task.Notes, note => note.Contains("single value left out: 'one'", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_are_classes_in_numeric_order()
    {
        var task = ClassificationTask.From(Load(Feature, Numbers("y", row => (row % 3) switch { 0 => 10, 1 => -1, _ => 2.5 })), "y");
        Assert.Equal(["-1", "2.5", "10"], task.ClassNames);
        Assert.Equal([2, 0, 1], task.Labels[..3]);
    }

    [Fact]
    public void Levels_without_rows_are_no_classes()
    {
        var target = new Column("y", ColumnKind.Categorical, [.. Enumerable.Range(0, 30).Select(row => row % 2 * 2.0)], ["a", "b", "c"]);
        Assert.Equal(["a", "c"], ClassificationTask.From(Load(Feature, target), "y").ClassNames);
    }

    [Fact]
    public void Labels_of_another_table_go_by_name()
    {
        var task = ClassificationTask.From(Load(Feature, Numbers("y", row => row % 2)), "y");
        var other = new Table([new("y", ColumnKind.Boolean, [1, 0, 0], ["0", "1"])]);
        Assert.Equal([1, 0, 0], task.LabelsIn(other));
        var fault = Assert.Throws<InputException>(() => task.LabelsIn(new([new("y", ColumnKind.Integer, [1, 2])])));
        Assert.Contains("Row 2 holds '2' in the target 'y'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'0', '1'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_is_not_there_is_an_error() =>
        AssertFault(Load(Feature, Numbers("class", row => row % 2)), "Class", "'Class'", "'x', 'class'", "did you mean 'class'?");

    [Fact]
    public void A_target_with_one_class_is_an_error() =>
        AssertFault(Load(Feature, Text("y", _ => "good")), "y", "'y' holds only 'good'", "two classes", "add rows of another class");

    [Fact]
    public void A_target_without_values_is_an_error() =>
        AssertFault(Load(Feature, Numbers("y", _ => double.NaN)), "y", "'y' has no value in any row", "--target");

    [Fact]
    public void A_class_with_a_single_row_is_an_error() =>
        AssertFault(Load(Feature, Text("y", row => row == 4 ? "odd" : row % 2 == 0 ? "a" : "b")), "y",
            "class 'odd'", "'y' has a single row", "merge it with another class");

    [Fact]
    public void Too_many_classes_are_an_error_with_a_way_out()
    {
        AssertFault(Load(500, Numbers("x", row => row, 1000), Text("y", row => $"c{row % 500:000}", 1000)), "y",
            "'y' has 500 classes", "'c000', 'c001'", "at most 10", "merge rare classes into one such as 'other'");
        AssertFault(Load(12, Feature, Text("y", row => $"c{row % 12:00}")), "y", "'y' has 12 classes", "at most 10");
        Assert.Equal(12, ClassificationTask.From(
            Load(12, Numbers("x", row => row, 60), Text("y", row => $"c{row % 12:00}", 60)), "y", mostClasses: 12).ClassNames.Count);
    }

    [Fact]
    public void A_target_left_out_for_its_many_texts_is_told_its_classes()
    {
        var loaded = new LoadedTable(new([Feature]), []) { LeftOut = [Text("y", row => $"c{row:00}")] };
        AssertFault(loaded, "y", "'y' has 30 classes", "at most 10", "merge rare classes");
    }

    [Fact]
    public void A_quantity_as_target_is_an_error() =>
        AssertFault(Load(Feature, Numbers("y", row => row / 7.0)), "y", "'y' holds 30 different numbers", "regression", "cut it into ranges");

    [Fact]
    public void Nothing_to_predict_from_is_an_error() =>
        AssertFault(Load(Numbers("one", _ => 1), Numbers("y", row => row % 2)), "y", "no column to predict 'y' from", "add columns");

    [Fact]
    public void Fewer_rows_than_the_splits_need_are_an_error()
    {
        AssertFault(Load(Numbers("x", row => row, 9), Numbers("y", row => row % 2, 9)), "y", "Only 9 rows", "need 10 for 2 classes", "add rows");
        AssertFault(Load(Numbers("x", row => row, 14), Numbers("y", row => row % 5, 14)), "y", "Only 14 rows", "need 15 for 5 classes");
    }

    static void AssertFault(LoadedTable loaded, string target, params string[] parts)
    {
        var fault = Assert.Throws<InputException>(() => ClassificationTask.From(loaded, target));
        foreach (string part in parts)
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    static LoadedTable Load(params Column[] columns) => new(new(columns), []);

    static LoadedTable Load(int classes, params Column[] columns)
    {
        Assert.Equal(classes, columns[^1].Levels.Count);
        return Load(columns);
    }

    static Column Numbers(string name, Func<int, double> value, int rows = 30)
    {
        double[] values = [.. Enumerable.Range(0, rows).Select(value)];
        bool whole = values.All(number => double.IsNaN(number) || number == Math.Floor(number));
        return new(name, whole ? ColumnKind.Integer : ColumnKind.Numeric, values, null, whole ? 0 : 17);
    }

    static Column Text(string name, Func<int, string> value, int rows = 30)
    {
        string[] cells = [.. Enumerable.Range(0, rows).Select(value)];
        string[] levels = [.. cells.Distinct().Order(StringComparer.Ordinal)];
        return new(name, ColumnKind.Categorical, [.. cells.Select(cell => (double)Array.IndexOf(levels, cell))], levels);
    }
}
