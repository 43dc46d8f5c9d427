using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>Where rows lie apart: numbers over the training rows' range, names equal or not; the distance is L1.</summary>
/// <remarks>
/// As in TabSyn (Zhang et al. 2024): a number adds |a − b| / range, a pair of different names 2, for two of their 0/1 columns differ.
/// Missing is a name like others; a missing number is in the middle of the range and ½ away from all present ones besides. A number that is
/// constant in training rows adds 2 where it differs.
/// </remarks>
sealed class RecordSpace
{
    readonly List<(string Name, double Low, double Range)> _numbers = [];
    readonly List<string> _codes = [];
    readonly List<string> _gaps = [];

    public RecordSpace(ComparedTables tables)
    {
        foreach (var column in tables.Train.Columns)
        {
            double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
            double low = present.DefaultIfEmpty(0).Min(), range = present.DefaultIfEmpty(0).Max() - low;
            if (column.IsDiscrete || !(range > 0) || double.IsInfinity(range))
            {
                _codes.Add(column.Name);
                continue;
            }

            _numbers.Add((column.Name, low, range));
            if (Tables(tables).Any(table => table[column.Name].Values.ToArray().Any(double.IsNaN)))
            {
                _gaps.Add(column.Name);
            }
        }
    }

    /// <summary>The rows of a table as points.</summary>
    public RecordMatrix Points(Table table)
    {
        int numbers = _numbers.Count + _gaps.Count;
        var columns = new float[numbers + _codes.Count][];
        for (int i = 0; i < _numbers.Count; i++)
        {
            var (name, low, range) = _numbers[i];
            columns[i] = Cells(table[name], value => double.IsNaN(value) ? 0.5f : (float)((value - low) / range));
        }

        for (int i = 0; i < _gaps.Count; i++)
        {
            columns[_numbers.Count + i] = Cells(table[_gaps[i]], value => double.IsNaN(value) ? 0.5f : 0);
        }

        for (int i = 0; i < _codes.Count; i++)
        {
            columns[numbers + i] = Cells(table[_codes[i]], value => double.IsNaN(value) ? -1 : (float)value);
        }

        return new(columns, numbers, table.Rows);
    }

    static IEnumerable<Table> Tables(ComparedTables tables) =>
        tables.Holdout is null ? [tables.Train, tables.Synthetic] : [tables.Train, tables.Synthetic, tables.Holdout];

    // Padded to whole vectors, which read cells that nobody looks at.
    static float[] Cells(Column column, Func<double, float> read)
    {
        var cells = new float[column.Rows + RecordMatrix.Padding];
        for (int row = 0; row < column.Rows; row++)
        {
            cells[row] = read(column.Values[row]);
        }

        return cells;
    }
}

/// <summary>Points, column by column: first numbers, whose differences count, then codes, which are equal or not.</summary>
/// <param name="Columns">Each (rows + <see cref="Padding"/>).</param>
/// <param name="Numbers">How many columns are numbers.</param>
/// <param name="Rows">How many points.</param>
sealed record RecordMatrix(float[][] Columns, int Numbers, int Rows)
{
    /// <summary>Cells behind the last row.</summary>
    public const int Padding = 64;
}
