using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>Normal noise on numbers, in parts of their standard deviation within a class.</summary>
sealed class NumberNoise
{
    readonly NumberColumn?[] _columns;
    readonly double[][] _deviations;
    readonly bool _keepAtoms;

    NumberNoise(NumberColumn?[] columns, double[][] deviations, bool keepAtoms) =>
        (_columns, _deviations, _keepAtoms) = (columns, deviations, keepAtoms);

    /// <summary>Learns ranges, atoms and deviations.</summary>
    public static NumberNoise Of(ClassificationTask task, int[][] classes, double bandwidth, bool keepAtoms)
    {
        NumberColumn?[] columns = [.. task.Features.Columns.Select(column => column.IsDiscrete ? null : NumberColumn.Of(column))];
        var deviations = new double[columns.Length][];
        for (int c = 0; c < columns.Length; c++)
        {
            var column = task.Features.Columns[c];
            deviations[c] = columns[c] is null ? [] : [.. classes.Select(rows => bandwidth * Deviation(column, rows))];
        }

        return new(columns, deviations, keepAtoms);
    }

    /// <summary>The cell with noise of <paramref name="normal"/> deviations, on the column's grid and in its range; a gap stays one.</summary>
    public double Move(int column, int k, double cell, double normal)
    {
        var numbers = _columns[column]!;
        return double.IsNaN(cell) || (_keepAtoms && numbers.Atoms.Contains(cell)) ? cell : numbers.Fit(cell + _deviations[column][k] * normal);
    }

    // 0 where numbers do not vary, unlike the 1 that divides.
    static double Deviation(Column column, int[] rows)
    {
        var numbers = NumberColumn.Of(column, rows);
        return numbers.High > numbers.Low ? numbers.Deviation : 0;
    }
}
