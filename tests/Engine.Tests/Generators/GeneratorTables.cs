using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Awkward labelled tables that every generator of rows must take, and what its rows must be.</summary>
/// <remarks>A generator's facts take <see cref="Names"/> as theory data and call <see cref="AssertHandles"/>.</remarks>
static class GeneratorTables
{
    const int Full = 15;

    static readonly Dictionary<string, Func<ClassificationTask>> Tables = new()
    {
        ["every kind"] = () => Kinds(200, 3),
        ["missing cells"] = Missing,
        ["constant in a class"] = Constant,
        ["atoms and ties"] = Atoms,
        ["300 levels"] = ManyLevels,
        ["ten classes"] = () => Kinds(300, 10),
        ["a class of one row"] = OneRowOfAClass,
        ["20 rows"] = () => Kinds(20, 2),
        ["names only"] = NamesOnly,
        ["numbers only"] = NumbersOnly,
        ["one column"] = () => Task([Decimal("x", 40, 0, 1), Labels(40, 2)]),
        ["more columns than rows"] = Wide,
        ["huge and tiny numbers"] = Scales,
    };

    /// <summary>The tables' names, for theories.</summary>
    public static TheoryData<string> Names => [.. Tables.Keys];

    /// <summary>A table by its name, its target last and called y.</summary>
    public static ClassificationTask Named(string name) => Tables[name]();

    /// <summary>Fits and samples: rows as many and of the kinds that they must be, again the same, and none where none are asked for.</summary>
    public static void AssertHandles(IRowGenerator generator, string name)
    {
        var task = Named(name);
        var fitted = generator.Fit(task, seed: 3);
        int classes = task.ClassNames.Count;
        int[] some = [.. Enumerable.Range(0, classes).Select(k => k == 1 ? 0 : 7 + 5 * k)], none = new int[classes];
        var rows = fitted.Sample(some, seed: 4);
        AssertValid(rows, task, some);
        AssertEqual(rows, fitted.Sample(some, seed: 4));
        AssertValid(fitted.Sample(none, seed: 4), task, none);
        int[] many = [.. Enumerable.Repeat(2 * task.Rows / classes, classes)];
        AssertValid(fitted.Sample(many, seed: 5), task, many);
    }

    /// <summary>
    /// A sample's rows are valid: the task's columns, kinds, levels and decimals, the target last; as many rows of each class as asked for, in the
    /// order of the classes; numbers finite, within the task's range and on their grid; levels that the task's rows have; and cells missing
    /// only in columns where some are.
    /// </summary>
    public static void AssertValid(Table sample, ClassificationTask task, IReadOnlyList<int> rowsOfClass)
    {
        Assert.Equal(rowsOfClass.Sum(), sample.Rows);
        Assert.Equal(task.Table.Columns.Select(column => column.Name), sample.Columns.Select(column => column.Name));
        Assert.Equal(rowsOfClass.SelectMany((count, k) => Enumerable.Repeat((double)k, count)), sample[task.Target].Values.ToArray());
        foreach (var (real, drawn) in task.Table.Columns.Zip(sample.Columns))
        {
            Assert.Equal(real.Kind, drawn.Kind);
            Assert.Equal(real.Levels, drawn.Levels);
            Assert.Equal(real.Decimals, drawn.Decimals);
            AssertCells(real, drawn);
        }
    }

    /// <summary>Two samples are the same, to the last bit.</summary>
    public static void AssertEqual(Table expected, Table actual)
    {
        foreach (var (a, b) in expected.Columns.Zip(actual.Columns))
        {
            Assert.Equal(Bits(a), Bits(b));
        }

        static long[] Bits(Column column) => Array.ConvertAll(column.Values.ToArray(), BitConverter.DoubleToInt64Bits);
    }

    /// <summary>A task of these columns, the last of which is the target.</summary>
    public static ClassificationTask Task(params Column[] columns) =>
        ClassificationTask.From(new LoadedTable(new Table(columns), []), columns[^1].Name);

    /// <summary>Classes by turns.</summary>
    public static Column Labels(int rows, int classes) =>
        Codes("y", classes, [.. Enumerable.Range(0, rows).Select(row => (double)(row % classes))]);

    static void AssertCells(Column real, Column drawn)
    {
        double[] present = [.. real.Values.ToArray().Where(value => !double.IsNaN(value))];
        var levels = present.ToHashSet();
        double low = present.DefaultIfEmpty(0).Min(), high = present.DefaultIfEmpty(0).Max();
        foreach (double cell in drawn.Values)
        {
            if (double.IsNaN(cell))
            {
                Assert.True(present.Length < real.Rows, $"'{drawn.Name}' has a missing cell, and the task's rows have none.");
                continue;
            }

            Assert.True(double.IsFinite(cell) && cell >= low && cell <= high, $"'{drawn.Name}' holds {cell:R}, outside {low:R} to {high:R}.");
            Assert.True(!real.IsDiscrete || levels.Contains(cell), $"'{drawn.Name}' holds level {cell}, which no row of the task has.");
            bool whole = real.Kind is ColumnKind.Integer or ColumnKind.Date;
            Assert.True(!whole || cell == Math.Floor(cell), $"'{drawn.Name}' holds {cell:R}, and only whole numbers are right.");
            bool rounded = real.IsDiscrete || real.Decimals >= Full || cell == Math.Round(cell, real.Decimals);
            Assert.True(rounded, $"'{drawn.Name}' holds {cell:R}, with more than {real.Decimals} decimals.");
        }
    }

    static ClassificationTask Kinds(int rows, int classes) => Task(KindColumns(rows, classes));

    static Column[] KindColumns(int rows, int classes) =>
    [
        Decimal("x", rows, 2, 1, row => 3 * (row % classes)),
        Whole("age", ColumnKind.Integer, rows, 2, row => 40 + 5 * (row % classes), 9),
        Whole("day", ColumnKind.Date, rows, 3, _ => 738_000, 400),
        new("smoker", ColumnKind.Boolean, Draw(rows, 4, u => u < 0.3 ? 1 : 0), ["no", "yes"]),
        Codes("colour", 4, Draw(rows, 5, u => Math.Floor(4 * u * u))),
        Labels(rows, classes),
    ];

    // A fifth of all cells; every number of class 0 in "age"; every name of class 1 in "colour".
    static ClassificationTask Missing()
    {
        var columns = KindColumns(200, 2);
        for (int c = 0; c < columns.Length - 1; c++)
        {
            int place = c;
            columns[c] = WithCells(columns[c], (row, value) =>
                Uniform(row, 20 + (uint)place) < 0.2 || (place == 1 && row % 2 == 0) || (place == 4 && row % 2 == 1) ? double.NaN : value);
        }

        return Task(columns);
    }

    static ClassificationTask Constant()
    {
        var columns = KindColumns(90, 3);
        for (int c = 0; c < columns.Length - 1; c++)
        {
            double first = columns[c].Values[0];
            columns[c] = WithCells(columns[c], (row, value) => row % 3 == 0 ? first : value);
        }

        return Task(columns);
    }

    static ClassificationTask Atoms()
    {
        double[] gain = Draw(300, 1, u => u < 0.8 ? 0 : Math.Round(-2000 * Math.Log((1 - u) / 0.2)));
        double[] share = Draw(300, 2, u => u < 0.5 ? 0.25 : u < 0.7 ? 0.5 : Math.Round(u, 3));
        double[] tied = Draw(300, 3, u => Math.Floor(3 * u));
        return Task(new("gain", ColumnKind.Integer, gain), new("share", ColumnKind.Numeric, share, null, 3), new("tied", ColumnKind.Integer, tied), Labels(300, 2));
    }

    static ClassificationTask ManyLevels() => Task(
        Codes("street", 300, Draw(600, 1, u => Math.Floor(300 * u * u))), Decimal("x", 600, 2, 2), Labels(600, 3));

    // Two rows of class 2, of which a half of the rows keeps one.
    static ClassificationTask OneRowOfAClass()
    {
        var columns = KindColumns(202, 2);
        double[] labels = [.. Enumerable.Range(0, 202).Select(row => row < 200 ? row % 2 : 2.0)];
        columns[^1] = Codes("y", 3, labels);
        var task = Task(columns).Subset(101, seed: 1);
        Assert.Equal(1, task.Labels.Count(label => label == 2));
        return task;
    }

    static ClassificationTask NamesOnly() => Task(
        Codes("a", 2, Draw(80, 1, u => Math.Floor(2 * u))), Codes("b", 5, Draw(80, 2, u => Math.Floor(5 * u))),
        Codes("c", 9, Draw(80, 3, u => Math.Floor(9 * u * u))), Labels(80, 2));

    static ClassificationTask NumbersOnly() => Task(
        Decimal("a", 120, 4, 1), Decimal("b", 120, Full, 2, row => row % 3), Decimal("c", 120, 0, 3), Labels(120, 3));

    static ClassificationTask Wide() => Task(
        [.. Enumerable.Range(0, 60).Select(c => Decimal($"x{c}", 30, 3, (uint)c)), Labels(30, 2)]);

    static ClassificationTask Scales() => Task(
        WithCells(Decimal("huge", 100, 0, 1), (_, value) => value * 1e30), WithCells(Decimal("tiny", 100, Full, 2), (_, value) => value * 1e-30),
        WithCells(Decimal("far", 100, 3, 3), (_, value) => Math.Round(1e9 + value, 3)), Labels(100, 2));

    static Column Decimal(string name, int rows, int decimals, uint stream, Func<int, double>? mean = null) => new(
        name, ColumnKind.Numeric, Cells(rows, row => Math.Round((mean?.Invoke(row) ?? 0) + 10 * Normal(row, stream), decimals)), null, decimals);

    static Column Whole(string name, ColumnKind kind, int rows, uint stream, Func<int, double> mean, double deviation) =>
        new(name, kind, Cells(rows, row => Math.Round(mean(row) + deviation * Normal(row, stream))));

    static Column Codes(string name, int levels, double[] codes) =>
        new(name, ColumnKind.Categorical, codes, [.. Enumerable.Range(0, levels).Select(level => $"L{level:000}")]);

    static Column WithCells(Column column, Func<int, double, double> cell)
    {
        double[] values = column.Values.ToArray();
        return new(column.Name, column.Kind, Cells(values.Length, row => cell(row, values[row])), column.IsDiscrete ? column.Levels : null, column.Decimals);
    }

    static double[] Draw(int rows, uint stream, Func<double, double> map) => Cells(rows, row => map(Uniform(row, stream)));

    static double[] Cells(int rows, Func<int, double> cell) => [.. Enumerable.Range(0, rows).Select(cell)];

    static double Uniform(int row, uint stream) => new Philox(11).Uniform((uint)row, stream);

    static double Normal(int row, uint stream) => new Philox(11).Normal((uint)row, stream);
}
