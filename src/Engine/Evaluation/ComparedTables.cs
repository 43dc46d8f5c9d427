using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>
/// Real training rows, synthetic rows and maybe real rows that the generator never saw, column by column the same.
/// </summary>
/// <remarks>
/// A level has the same index in all of them, so cells can be compared as numbers; levels that training rows lack stand
/// behind theirs.
/// </remarks>
sealed class ComparedTables
{
    ComparedTables(Table train, Table synthetic, Table? holdout, string? target)
    {
        Train = train;
        Synthetic = synthetic;
        Holdout = holdout;
        Target = target;
        Classes = target is null ? [] : [.. train[target].Values.ToArray().Where(value => !double.IsNaN(value)).Distinct().Order()];
    }

    public Table Train { get; }

    public Table Synthetic { get; }

    public Table? Holdout { get; }

    /// <summary>The column whose classes matter, or null.</summary>
    public string? Target { get; }

    /// <summary>The target's values in training rows, ascending; empty without a target.</summary>
    public double[] Classes { get; }

    /// <summary>Brings the tables to the columns of <paramref name="train"/>.</summary>
    /// <exception cref="InputException">A table has no rows, lacks a column, or has names where training rows have numbers.</exception>
    public static ComparedTables Of(Table train, Table synthetic, Table? holdout, string? target)
    {
        Check(train, train, "training");
        Check(synthetic, train, "synthetic");
        if (holdout is not null)
        {
            Check(holdout, train, "hold-out");
        }

        int width = train.Columns.Count;
        var columns = new Column[3][];
        Array.Fill(columns, []);
        for (int table = 0; table < columns.Length; table++)
        {
            columns[table] = new Column[width];
        }

        for (int i = 0; i < width; i++)
        {
            var (real, name) = (train.Columns[i], train.Columns[i].Name);
            var made = synthetic[name].WithLevelsOf(real);
            var fresh = holdout?[name].WithLevelsOf(made);
            var all = fresh ?? made;
            (columns[0][i], columns[1][i]) = (real.WithLevelsOf(all), made.WithLevelsOf(all));
            columns[2][i] = fresh ?? columns[0][i];
        }

        _ = target is null ? 0 : train.IndexOf(target);
        return new(new(columns[0]), new(columns[1]), holdout is null ? null : new(columns[2]), target);
    }

    /// <summary>The same with at most <paramref name="most"/> rows of each table, classes in the same parts.</summary>
    public ComparedTables Subset(int most, ulong seed) =>
        new(Draw(Train, most, seed), Draw(Synthetic, most, seed + 1), Holdout is null ? null : Draw(Holdout, most, seed + 2), Target);

    /// <summary>At most <paramref name="most"/> rows of one of the tables, drawn by the seed, classes in the same parts.</summary>
    public Table Draw(Table table, int most, ulong seed)
    {
        if (table.Rows <= most)
        {
            return table;
        }

        // Missing targets are a stratum of their own.
        int[] strata = Target is null ? new int[table.Rows]
            : Array.ConvertAll(table[Target].Values.ToArray(), value => Array.BinarySearch(Classes, value));
        return table.Select(StratifiedSplit.Subset(
            Classes.Length is < 2 or > ClassificationTask.MostClasses ? new int[table.Rows] : strata,
            [.. Enumerable.Range(0, table.Rows)], most, seed));
    }

    static void Check(Table table, Table train, string what)
    {
        if (table.Rows == 0 || table.Columns.Count == 0)
        {
            throw new InputException(
                $"The {what} table has {table.Rows} rows and {table.Columns.Count} columns, but one of each is needed to compare; give a table " +
                "with rows.");
        }

        foreach (var column in train.Columns)
        {
            if (table[column.Name].IsDiscrete && !column.IsDiscrete)
            {
                throw new InputException(
                    $"Column '{column.Name}' holds names in the {what} table, but numbers in the training table; correct the cells, " +
                    $"or mark it with --categorical {column.Name}.");
            }
        }
    }
}
