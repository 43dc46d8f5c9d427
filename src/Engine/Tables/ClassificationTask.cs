using System.Globalization;

namespace CausalMixFT.Engine.Tables;

/// <summary>
/// A table with one column to predict: the rows and columns a model can use, and what had to be left out.
/// </summary>
public sealed class ClassificationTask
{
    /// <summary>The most classes the model tells apart unless told otherwise.</summary>
    public const int MostClasses = 10;

    // Below this a held-out part is a handful of rows and every score is noise.
    const int FewestRows = 10;

    ClassificationTask(
        Table features, string target, int[] labels, string[] classNames, int[] sourceRows, List<string> notes)
    {
        SourceRows = sourceRows;
        Features = features;
        Target = target;
        ClassNames = classNames;
        Notes = notes;
        Labels = labels;
        var cells = Array.ConvertAll(labels, label => (double)label);
        Table = new([.. features.Columns, new Column(target, ColumnKind.Categorical, cells, classNames)]);
    }

    /// <summary>The columns to predict from.</summary>
    public Table Features { get; }

    /// <summary>The name of the column to predict.</summary>
    public string Target { get; }

    /// <summary>The class of every row, an index into <see cref="ClassNames"/>.</summary>
    public int[] Labels { get; }

    /// <summary>The place of every row in the table that came in, from 0, rising.</summary>
    public int[] SourceRows { get; }

    /// <summary>
    /// The classes that occur: numbers in numeric order, names in the order of their column's levels.
    /// </summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>A line for each thing that was left out.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// The features and, last, the target as a Categorical column whose levels are <see cref="ClassNames"/>.
    /// </summary>
    public Table Table { get; }

    /// <summary>Rows with a target.</summary>
    public int Rows => Labels.Length;

    /// <summary>
    /// Leaves out rows without a target and columns without information; what cannot be learnt is an error.
    /// </summary>
    public static ClassificationTask From(LoadedTable loaded, string target, int mostClasses = MostClasses)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var notes = loaded.Notes.ToList();
        var column = loaded.LeftOut.FirstOrDefault(column => column.Name == target) ?? loaded.Table[target];
        int[] rows = [.. Enumerable.Range(0, column.Rows).Where(row => !double.IsNaN(column.Values[row]))];
        if (rows.Length < column.Rows)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Rows(column.Rows - rows.Length)} without a value of the target '{target}' left out."));
        }

        double[] values = [.. rows.Select(row => column.Values[row])];
        double[] classes = [.. values.Distinct().Order()];
        string[] names = [.. classes.Select(value => new Column(
            target, column.Kind, [value], column.IsDiscrete ? column.Levels : null, column.Decimals).Text(0))];
        var labels = Array.ConvertAll(values, value => Array.BinarySearch(classes, value));
        CheckClasses(column, labels, names, mostClasses);
        var features = Informative(loaded.Table, target, rows, notes);
        return new(features, target, labels, names, rows, notes);

        static string Rows(int count) => count == 1 ? "1 row" : string.Create(CultureInfo.InvariantCulture, $"{count} rows");
    }

    /// <summary>
    /// The classes of another table's rows, such as synthetic ones, by class name; every row must have one.
    /// </summary>
    public int[] LabelsIn(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var column = table[Target];
        var index = ClassNames.Select((name, i) => (name, i))
            .ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        var labels = new int[table.Rows];
        for (int row = 0; row < labels.Length; row++)
        {
            if (!index.TryGetValue(column.Text(row), out labels[row]))
            {
                throw new InputException(
                    $"Row {row + 1} holds '{column.Text(row)}' in the target '{Target}', but one of " +
                    $"{ColumnNames.List(ClassNames)} was expected; leave the row out or correct it.");
            }
        }

        return labels;
    }

    /// <summary>At most <paramref name="most"/> rows, drawn with the classes in the same parts.</summary>
    public ClassificationTask Subset(int most, ulong seed)
    {
        if (Rows <= most)
        {
            return this;
        }

        int[] rows = StratifiedSplit.Subset(Labels, [.. Enumerable.Range(0, Rows)], most, seed);
        string note = string.Create(CultureInfo.InvariantCulture, $"{rows.Length} of {Rows} rows drawn, with the classes in the same parts.");
        return new(
            Features.Select(rows), Target, [.. rows.Select(row => Labels[row])], [.. ClassNames],
            [.. rows.Select(row => SourceRows[row])], [.. Notes, note]);
    }

    /// <summary>The task of some of the rows, in that order, with all of its columns and classes, even where rows of one are lacking.</summary>
    public ClassificationTask Select(ReadOnlySpan<int> rows)
    {
        int[] chosen = rows.ToArray();
        return new(
            Features.Select(chosen), Target, Array.ConvertAll(chosen, row => Labels[row]), [.. ClassNames],
            Array.ConvertAll(chosen, row => SourceRows[row]), [.. Notes]);
    }

    static void CheckClasses(Column target, int[] labels, string[] names, int mostClasses)
    {
        if (names.Length == 0)
        {
            throw new InputException($"The target '{target.Name}' has no value in any row; name another with --target.");
        }

        if (names.Length == 1)
        {
            throw new InputException(
                $"The target '{target.Name}' holds only '{names[0]}', but two classes or more are needed; " +
                "add rows of another class or name another column with --target.");
        }

        if (names.Length > mostClasses && !target.IsDiscrete)
        {
            throw new InputException(
                $"The target '{target.Name}' holds {names.Length} different numbers, but at most {mostClasses} " +
                "classes are " +
                "possible; it looks like a quantity, a regression target, so cut it into ranges or name another " +
                "column with --target.");
        }

        if (names.Length > mostClasses)
        {
            throw new InputException(
                $"The target '{target.Name}' has {names.Length} classes ({ColumnNames.List(names)}), but at most " +
                $"{mostClasses} are " +
                "possible; merge rare classes into one such as 'other', or drop their rows.");
        }

        int fewest = Math.Max(FewestRows, 3 * names.Length);
        if (labels.Length < fewest)
        {
            throw new InputException(
                $"Only {labels.Length} rows have a value of the target '{target.Name}', but the splits into " +
                "training, validation " +
                $"and test rows need {fewest} for {names.Length} classes; add rows.");
        }

        foreach (var (label, count) in labels.CountBy(label => label).OrderBy(pair => pair.Key))
        {
            if (count == 1)
            {
                throw new InputException(
                    $"The class '{names[label]}' of the target '{target.Name}' has a single row, but training and " +
                    "test rows " +
                    "need one each; add rows of it, merge it with another class, or drop the row.");
            }
        }
    }

    /// <summary>Some rows of the columns to predict from; those that do not vary among them are left out with notes.</summary>
    internal static Table Informative(Table table, string target, int[] rows, List<string> notes)
    {
        var kept = Varying(table.Select(rows), target, notes);
        return kept.Count > 0 ? new(kept) : throw new InputException(
            $"The table has no column to predict '{target}' from: every other one is constant, empty or left out; add columns.");
    }

    /// <summary>The columns but <paramref name="target"/> that hold two values or more; a note names the others.</summary>
    internal static List<Column> Varying(Table table, string? target, List<string> notes)
    {
        var kept = new List<Column>();
        var empty = new List<string>();
        var constant = new List<string>();
        foreach (var column in table.Columns.Where(column => column.Name != target))
        {
            var destination = Different(column) switch { 0 => empty, 1 => constant, _ => null };
            if (destination is null)
            {
                kept.Add(column);
            }
            else
            {
                destination.Add(column.Name);
            }
        }

        if (empty.Count > 0)
        {
            notes.Add($"Columns without any value left out: {ColumnNames.List(empty)}.");
        }

        if (constant.Count > 0)
        {
            notes.Add($"Columns with a single value left out: {ColumnNames.List(constant)}.");
        }

        return kept;
    }

    // How many different values a column holds, counted up to 2.
    static int Different(Column column)
    {
        double first = double.NaN;
        foreach (double value in column.Values)
        {
            if (double.IsNaN(first))
            {
                first = value;
            }
            else if (!double.IsNaN(value) && value != first)
            {
                return 2;
            }
        }

        return double.IsNaN(first) ? 0 : 1;
    }
}
