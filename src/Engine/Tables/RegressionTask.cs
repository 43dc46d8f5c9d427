using System.Globalization;

namespace CausalMixFT.Engine.Tables;

/// <summary>A table with a column of numbers to predict: the rows and columns a model can use, and what was left out.</summary>
public sealed class RegressionTask
{
    RegressionTask(Table features, string target, double[] values, IReadOnlyList<string> notes) =>
        (Features, Target, Values, Notes) = (features, target, values, notes);

    /// <summary>The columns to predict from.</summary>
    public Table Features { get; }

    /// <summary>The name of the column to predict.</summary>
    public string Target { get; }

    /// <summary>The target of every row; not all are the same.</summary>
    public double[] Values { get; }

    /// <summary>A line for each thing that was left out.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Leaves out rows without a target and columns without information; what cannot be learnt is an error.</summary>
    /// <exception cref="InputException">The target holds no numbers or only one, or no other column varies.</exception>
    public static RegressionTask From(LoadedTable loaded, string target)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var notes = loaded.Notes.ToList();
        var column = loaded.LeftOut.FirstOrDefault(column => column.Name == target) ?? loaded.Table[target];
        if (column.Kind is not (ColumnKind.Numeric or ColumnKind.Integer))
        {
            string held = column.IsDiscrete ? $"names ({ColumnNames.List(column.Levels)})" : "days";
            throw new InputException(
                $"The target '{target}' holds {held}, but this model predicts numbers; name a column of numbers with --target, " +
                $"mark this one with --numeric if its cells are numbers, or give a classifier with --model.");
        }

        int[] rows = [.. Enumerable.Range(0, column.Rows).Where(row => !double.IsNaN(column.Values[row]))];
        if (rows.Length < column.Rows)
        {
            int left = column.Rows - rows.Length;
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{left} {(left == 1 ? "row" : "rows")} without a value of the target '{target}' left out."));
        }

        double[] values = [.. rows.Select(row => column.Values[row])];
        if (values.Distinct().Take(2).Count() < 2)
        {
            throw new InputException(values.Length == 0
                ? $"The target '{target}' has no value in any row; name another with --target."
                : $"The target '{target}' holds the same number in every row, but two or more are needed; " +
                  "add rows or name another column with --target.");
        }

        return new(ClassificationTask.Informative(loaded.Table, target, rows, notes), target, values, notes);
    }

    /// <summary>At most <paramref name="most"/> rows, drawn by the seed.</summary>
    public RegressionTask Subset(int most, ulong seed)
    {
        if (Values.Length <= most)
        {
            return this;
        }

        // All rows are of one class to the draw.
        int[] rows = StratifiedSplit.Subset(new int[Values.Length], [.. Enumerable.Range(0, Values.Length)], most, seed);
        return new(Features.Select(rows), Target, Array.ConvertAll(rows, row => Values[row]), Notes);
    }
}
