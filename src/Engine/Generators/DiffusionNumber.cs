using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>A column of numbers, whole numbers or days as one cell of a diffusing row, and the way back to cells of the table.</summary>
/// <remarks>
/// Values that come back are of the column: whole numbers and days whole, decimals no finer than the column's, all within its range.
/// A column of few values takes only those; beside a spike, a value that a hundredth of the rows share, nothing lies in between.
/// </remarks>
sealed class DiffusionNumber
{
    const double SpikeShare = 0.01;

    // Beyond it rounding to a decimal place is no longer exact.
    const int MostDecimals = 15;

    readonly Column _column;
    readonly DiffusionScores? _scores;
    readonly double[] _values;
    readonly bool[] _isSpike;
    readonly bool _snaps;

    internal DiffusionNumber(Column column, DiffusionOptions options)
    {
        _column = column;
        double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
        var counts = present.CountBy(value => value).OrderBy(pair => pair.Key).ToArray();
        Present = present.Length;
        _values = [.. counts.Select(pair => pair.Key)];
        _isSpike = [.. counts.Select(pair => pair.Value >= SpikeShare * present.Length && pair.Value > 1)];
        _snaps = _values.Length <= options.MaxSnapValues;
        if (_values.Length > 1)
        {
            _scores = new(present, options.Compatible);
            Scores = Array.ConvertAll(_values, _scores.At);
        }
    }

    /// <summary>How many cells are not missing.</summary>
    internal int Present { get; }

    /// <summary>Whether the present cells differ, so that there is something to learn.</summary>
    internal bool Varies => _values.Length > 1;

    /// <summary>The smallest and the largest score.</summary>
    internal (float Low, float High) Range => ((float)Scores.Min(), (float)Scores.Max());

    double[] Scores { get; } = [];

    /// <summary>The score of a cell; the middle of the scale where it is missing.</summary>
    internal float Encode(double cell) => double.IsNaN(cell) ? 0 : (float)Scores[Array.BinarySearch(_values, cell)];

    /// <summary>The cell at a score; missing where the column has no value at all.</summary>
    internal double Decode(float score)
    {
        if (_scores is null)
        {
            return _values.Length == 0 ? double.NaN : _values[0];
        }

        double value = _scores.Value(score);
        int at = Array.BinarySearch(_values, value);
        if (at >= 0)
        {
            return value;
        }

        // Between two values that occur: score and range keep it from lying outside.
        int above = Math.Clamp(~at, 1, _values.Length - 1);
        double low = _values[above - 1], high = _values[above];
        if (_snaps || _isSpike[above - 1] || _isSpike[above])
        {
            return value - low <= high - value ? low : high;
        }

        double rounded = _column.Kind != ColumnKind.Numeric ? Math.Round(value)
            : _column.Decimals < MostDecimals ? Math.Round(value, _column.Decimals)
            : value;
        return Math.Clamp(rounded, _values[0], _values[^1]);
    }
}
