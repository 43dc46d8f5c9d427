using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Which rows a task has of each class, and the table of rows that are drawn.</summary>
static class ClassRows
{
    // "most" in ASCII.
    const uint Purpose = 0x6D6F7374;

    /// <summary>The rows of each class, rising; of a class with more than <paramref name="most"/>, as many drawn by the seed.</summary>
    public static int[][] Of(ClassificationTask task, int most = int.MaxValue, ulong seed = 0)
    {
        var rows = new List<int>[task.ClassNames.Count];
        for (int k = 0; k < rows.Length; k++)
        {
            rows[k] = [];
        }

        for (int row = 0; row < task.Rows; row++)
        {
            rows[task.Labels[row]].Add(row);
        }

        var random = new Philox(seed).Branch(Purpose);
        return [.. rows.Select(of => of.Count <= most
            ? of.ToArray()
            : [.. of.OrderBy(row => random.Word((uint)row, 0)).ThenBy(row => row).Take(most).Order()])];
    }

    /// <summary>The class of each row that is to be drawn, class after class.</summary>
    /// <exception cref="InputException">Rows are asked for of a class that has none.</exception>
    public static int[] Check(ClassificationTask task, IReadOnlyList<int> rowsOfClass)
    {
        ArgumentNullException.ThrowIfNull(rowsOfClass);
        if (rowsOfClass.Count != task.ClassNames.Count || rowsOfClass.Any(count => count < 0))
        {
            throw new ArgumentException(
                $"A count from 0 on was expected for each of {task.ClassNames.Count} classes, not {string.Join(", ", rowsOfClass)}.",
                nameof(rowsOfClass));
        }

        var classes = new int[checked(rowsOfClass.Sum())];
        int start = 0;
        for (int k = 0; k < rowsOfClass.Count; k++)
        {
            if (rowsOfClass[k] > 0 && Array.IndexOf(task.Labels, k) < 0)
            {
                throw new InputException(
                    $"Rows of class '{task.ClassNames[k]}' are asked for, but no row to learn from has it; ask for none of it.");
            }

            classes.AsSpan(start, rowsOfClass[k]).Fill(k);
            start += rowsOfClass[k];
        }

        return classes;
    }

    /// <summary>A table with the task's columns, from features' cells and classes.</summary>
    public static Table ToTable(ClassificationTask task, double[][] cells, int[] classes)
    {
        var target = task.Table.Columns[^1];
        return new([
            .. task.Features.Columns.Zip(cells, (column, values) => WithCells(column, values)),
            WithCells(target, Array.ConvertAll(classes, k => (double)k))]);
    }

    static Column WithCells(Column column, double[] cells) =>
        new(column.Name, column.Kind, cells, column.IsDiscrete ? column.Levels : null, column.Decimals);
}
