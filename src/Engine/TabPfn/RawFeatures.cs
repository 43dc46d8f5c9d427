using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>A column to predict from, as the user gave it.</summary>
/// <param name="Values">The cells: numbers, or places in <paramref name="Names"/>; NaN is missing.</param>
/// <param name="Declared">Whether the user calls its values categories.</param>
/// <param name="Names">What the cells mean where they are names; null for numbers.</param>
public sealed record RawFeature(double[] Values, bool Declared = false, IReadOnlyList<string>? Names = null);

/// <summary>Columns to predict from, as the user gave them, of the same length.</summary>
public sealed class RawFeatures
{
    /// <summary>Takes the columns.</summary>
    /// <exception cref="ArgumentException">The columns differ in length, there is none, or a cell is infinite.</exception>
    public RawFeatures(IReadOnlyList<RawFeature> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0 || columns.Any(column => column.Values.Length != columns[0].Values.Length))
        {
            throw new ArgumentException("One column or more, all of the same length, are needed.", nameof(columns));
        }

        if (columns.Any(column => column.Values.Any(double.IsInfinity)))
        {
            throw new ArgumentException("A cell is infinite; NaN is missing, every other cell is finite.", nameof(columns));
        }

        Columns = [.. columns];
        Rows = columns[0].Values.Length;
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<RawFeature> Columns { get; }

    /// <summary>How many rows every column has.</summary>
    public int Rows { get; }

    /// <summary>A matrix (rows, columns), NaN missing, some of whose columns the user calls categories.</summary>
    public static RawFeatures Of(double[,] cells, params IReadOnlyList<int> categorical)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var columns = new RawFeature[cells.GetLength(1)];
        for (int c = 0; c < columns.Length; c++)
        {
            var values = new double[cells.GetLength(0)];
            for (int row = 0; row < values.Length; row++)
            {
                values[row] = cells[row, c];
            }

            columns[c] = new(values, categorical.Contains(c));
        }

        return new(columns);
    }

    /// <summary>A table's columns: discrete ones are names that the user calls categories, days and numbers are numbers.</summary>
    public static RawFeatures Of(Table features)
    {
        ArgumentNullException.ThrowIfNull(features);
        return new([.. features.Columns.Select(column =>
            new RawFeature([.. column.Values], column.IsDiscrete, column.IsDiscrete ? column.Levels : null))]);
    }
}
