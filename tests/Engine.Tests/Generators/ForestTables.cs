using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Tables with what tends to break generators, and what rows of any generator have to be.</summary>
static class ForestTables
{
    static readonly Philox Random = new(20);

    /// <summary>Their names, for theories.</summary>
    public static TheoryData<string> Names =>
        ["every kind", "levels alone", "one number", "many levels", "two rows of a class", "two rows", "huge numbers", "ties"];

    /// <summary>One of them.</summary>
    public static ClassificationTask Named(string name) => name switch
    {
        "every kind" => Task(97, 2,
            Gaps(Numeric("x", 97, 1, decimals: 2), 0.2), Integer("count", 97, 2, 1000), new("day", ColumnKind.Date, Whole(97, 3, 3000, 738_000)),
            new("yes", ColumnKind.Boolean, Whole(97, 4, 2), ["no", "yes"]), Gaps(Levels("city", 97, 5, 4), 0.1),
            new("gain", ColumnKind.Integer, Map(97, row => Random.Uniform(row, 6) < 0.7f ? 0 : 1 + Random.Below(5000, row, 7))),
            new("own", ColumnKind.Integer, Map(97, row => row % 2 == 0 ? 7 : Random.Below(900, row, 8)))),
        "levels alone" => Task(60, 3, Levels("a", 60, 1, 3), Levels("b", 60, 2, 5)),
        "one number" => Task(40, 2, Numeric("x", 40, 1, decimals: 15)),
        "many levels" => Task(700, 2, Levels("id", 700, 1, 600), Numeric("x", 700, 2, decimals: 3)),
        "two rows of a class" => Rare(Numeric("x", 60, 1, decimals: 1), Numeric("y", 60, 2, decimals: 1), Levels("a", 60, 3, 3)),
        "two rows" => Task(30, 3, Numeric("x", 30, 1, decimals: 1), Levels("a", 30, 2, 3)).Subset(2, 1),
        "huge numbers" => Task(50, 10, new Column("x", ColumnKind.Numeric, Map(50, row => Random.Normal(row, 1) * 1e300), null, 15),
            new Column("t", ColumnKind.Integer, Map(50, row => 1.6e12 + row))),
        _ => Task(50, 2, new Column("x", ColumnKind.Numeric, Map(50, row => row % 3), null, 0),
            new Column("y", ColumnKind.Integer, Map(50, row => 4 + row % 2))),
    };

    /// <summary>Checks that rows have the columns of a table, its kinds and levels, cells that can be, and the classes asked for.</summary>
    public static void CheckRows(ClassificationTask task, Table rows, IReadOnlyList<int> counts)
    {
        Assert.Equal(counts.Sum(), rows.Rows);
        Assert.Equal(task.Table.Columns.Select(column => column.Name), rows.Columns.Select(column => column.Name));
        foreach (var (real, made) in task.Table.Columns.Zip(rows.Columns))
        {
            Assert.Equal((real.Kind, real.Decimals), (made.Kind, made.Decimals));
            Assert.Equal(real.Levels, made.Levels);
            if (real.Name == task.Target)
            {
                continue;
            }

            double[] known = [.. real.Values.ToArray().Where(value => !double.IsNaN(value))];
            bool hasGaps = known.Length < real.Rows;
            foreach (double cell in made.Values)
            {
                if (double.IsNaN(cell))
                {
                    Assert.True(hasGaps, $"{real.Name} has a missing cell, of which there is none.");
                    continue;
                }

                Assert.InRange(cell, known.Min(), known.Max());
                Assert.True(!real.IsDiscrete || known.Contains(cell), $"{real.Name} has a level that does not occur.");
                Assert.True(real.Decimals >= 15 || cell == Math.Round(cell, real.Decimals), $"{real.Name} is {cell}, off its grid.");
            }
        }

        int[] labels = task.LabelsIn(rows);
        Assert.Equal(counts, task.ClassNames.Select((_, k) => labels.Count(label => label == k)));
        Assert.Equal(labels.Order(), labels);
    }

    /// <summary>Fits a generator, for as long as the test runs.</summary>
    public static IFittedGenerator Learn(this IRowGenerator generator, ClassificationTask task, ulong seed) =>
        generator.Fit(task, seed, null, TestContext.Current.CancellationToken);

    /// <summary>Draws rows, for as long as the test runs.</summary>
    public static Table Draw(this IFittedGenerator fitted, IReadOnlyList<int> rowsOfClass, ulong seed) =>
        fitted.Sample(rowsOfClass, seed, null, TestContext.Current.CancellationToken);

    /// <summary>Cells that are the same, missing ones too.</summary>
    public static bool AreSame(Table a, Table b) =>
        a.Columns.Zip(b.Columns).All(pair => pair.First.Values.ToArray().SequenceEqual(pair.Second.Values.ToArray()));

    /// <summary>A task of columns and of classes that take turns.</summary>
    public static ClassificationTask Task(int rows, int classes, params Column[] columns) =>
        With(columns, Map(rows, row => row * 7 % classes), classes);

    /// <summary>A task of columns and the class of each row.</summary>
    public static ClassificationTask With(Column[] columns, double[] labels, int classes) => ClassificationTask.From(
        new(new([.. columns, new Column("class", ColumnKind.Categorical, labels, [.. Enumerable.Range(0, classes).Select(k => $"c{k}")])]), []),
        "class");

    public static double[] Map(int rows, Func<uint, double> cell) => [.. Enumerable.Range(0, rows).Select(row => cell((uint)row))];

    public static Column Numeric(string name, int rows, uint stream, int decimals) =>
        new(name, ColumnKind.Numeric, Map(rows, row => Math.Round(Random.Normal(row, stream) * 3, Math.Min(decimals, 15))), null, decimals);

    public static Column Levels(string name, int rows, uint stream, int levels) => new(
        name, ColumnKind.Categorical, Whole(rows, stream, levels), [.. Enumerable.Range(0, levels).Select(level => $"L{level}")]);

    static Column Integer(string name, int rows, uint stream, int below) => new(name, ColumnKind.Integer, Whole(rows, stream, below));

    static double[] Whole(int rows, uint stream, int below, int first = 0) => Map(rows, row => first + Random.Below(below, row, stream));

    static Column Gaps(Column column, double share) => new(
        column.Name, column.Kind,
        [.. column.Values.ToArray().Select((value, row) => Random.Uniform((uint)row, 99) < share ? double.NaN : value)],
        column.IsDiscrete ? column.Levels : null, column.Decimals);

    static ClassificationTask Rare(params Column[] columns) => With(columns, Map(60, row => row < 2 ? 2 : row % 2), 3);
}
