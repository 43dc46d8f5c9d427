using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Neighbours;

namespace CausalMixFT.Engine.Generators;

/// <summary>Where rows lie for SMOTE: numbers over their deviation, and for each name that differs as much as a middling number varies.</summary>
/// <remarks>
/// Chawla et al. (2002), section 6.1, as imbalanced-learn computes it: names are 0/1 columns scaled to m / 2, with m the median of the
/// numbers' deviations in the class, so that a name that differs adds 2 (m / 2)² = m² / 2 to the square. Where there is no number, or
/// most do not vary in the class, names count 1 each. A missing number lies at the column's mean, a missing name is a name.
/// </remarks>
sealed class SmoteSpace
{
    readonly Column[] _numbers;
    readonly Column[] _codes;
    readonly NumberColumn[] _scales;

    public SmoteSpace(ClassificationTask task, bool standardise)
    {
        _numbers = [.. task.Features.Columns.Where(column => !column.IsDiscrete)];
        _codes = [.. task.Features.Columns.Where(column => column.IsDiscrete)];
        _scales = [.. _numbers.Select(column => NumberColumn.Of(column)).Select(
            scale => standardise ? scale : scale with { Mean = 0, Deviation = 1 })];
        Fill = [.. _numbers.Select(column => NumberColumn.Of(column).Mean)];
    }

    double[] Fill { get; }

    /// <summary>The points of <paramref name="rows"/>, with names that count by the numbers' spread among <paramref name="own"/>.</summary>
    public PointSet Points(int[] rows, int[] own)
    {
        var points = new PointSet(rows.Length, _numbers.Length, _codes.Length, (float)Mismatch(own));
        for (int c = 0; c < _numbers.Length; c++)
        {
            var cells = points.Column(c);
            for (int i = 0; i < rows.Length; i++)
            {
                cells[i] = (float)Coordinate(c, rows[i]);
            }
        }

        for (int c = 0; c < _codes.Length; c++)
        {
            var cells = points.Column(_numbers.Length + c);
            for (int i = 0; i < rows.Length; i++)
            {
                double code = _codes[c].Values[rows[i]];
                cells[i] = double.IsNaN(code) ? -1 : (float)code;
            }
        }

        return points;
    }

    /// <summary>What a name that differs adds to the square of the distance, for the class with these rows.</summary>
    internal double Mismatch(int[] own)
    {
        double[] deviations = [.. Enumerable.Range(0, _numbers.Length).Select(c => Deviation(c, own)).Order()];
        int middle = deviations.Length / 2;
        double median = deviations.Length == 0 ? 0
            : deviations.Length % 2 == 1 ? deviations[middle] : (deviations[middle - 1] + deviations[middle]) / 2;
        return median > 0 ? median * median / 2 : 1;
    }

    double Coordinate(int column, int row)
    {
        double cell = _numbers[column].Values[row];
        return ((double.IsNaN(cell) ? Fill[column] : cell) - _scales[column].Mean) / _scales[column].Deviation;
    }

    double Deviation(int column, int[] rows)
    {
        if (rows.Length == 0)
        {
            return 0;
        }

        double mean = rows.Average(row => Coordinate(column, row));
        return Math.Sqrt(rows.Average(row => (Coordinate(column, row) - mean) * (Coordinate(column, row) - mean)));
    }
}
