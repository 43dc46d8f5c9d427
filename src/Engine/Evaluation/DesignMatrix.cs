using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>What a logistic regression reads: numbers on a robust scale, names as 0/1 columns, one for each level.</summary>
/// <remarks>
/// (x − median) / (upper quartile − lower), as scikit-learn's RobustScaler; where the quartiles meet, the standard deviation
/// instead, for a column of mostly one value would keep its raw scale otherwise. Missing numbers are read as the median,
/// with a 0/1 column of their own where training rows have some; the rarest levels beyond 50 share a column, and levels that
/// training rows lack have zeros.
/// </remarks>
sealed class DesignMatrix
{
    const int MostLevels = 50;

    readonly List<Encoded> _columns = [];

    DesignMatrix(Table train)
    {
        int start = 0;
        foreach (var column in train.Columns)
        {
            var encoded = column.IsDiscrete ? Levels(column, start) : Number(column, start);
            _columns.Add(encoded);
            start += encoded.Width;
        }

        Width = start;
    }

    /// <summary>How many numbers a row becomes.</summary>
    public int Width { get; }

    /// <summary>Learns scales and levels from training rows.</summary>
    public static DesignMatrix Fit(Table train) => new(train);

    /// <summary>(rows, <see cref="Width"/>), row-major; a level has the same index as in training rows.</summary>
    public double[] Encode(Table table)
    {
        var cells = new double[table.Rows * Width];
        foreach (var encoded in _columns)
        {
            var values = table[encoded.Name].Values;
            for (int row = 0; row < values.Length; row++)
            {
                encoded.Write(values[row], cells.AsSpan(row * Width + encoded.Start, encoded.Width));
            }
        }

        return cells;
    }

    static Encoded Number(Column column, int start)
    {
        double[] sorted = [.. column.Values.ToArray().Where(value => !double.IsNaN(value)).Order()];
        if (sorted.Length == 0)
        {
            return new(column.Name, start, 0, 0, 1, []);
        }

        double scale = Quantile(sorted, 0.75) - Quantile(sorted, 0.25);
        if (!(scale > 0))
        {
            double largest = Math.Max(Math.Abs(sorted[0]), Math.Abs(sorted[^1])), mean = sorted.Average(value => value / Math.Max(largest, double.Epsilon));
            scale = largest * Math.Sqrt(sorted.Average(value => (value / Math.Max(largest, double.Epsilon) - mean) * (value / Math.Max(largest, double.Epsilon) - mean)));
        }

        return new(
            column.Name, start, sorted.Length < column.Rows ? 2 : 1, Quantile(sorted, 0.5),
            scale > 0 && sorted[0] < sorted[^1] ? scale : 1, []);
    }

    static Encoded Levels(Column column, int start)
    {
        var counts = new int[column.Levels.Count + 1];
        foreach (double value in column.Values)
        {
            counts[double.IsNaN(value) ? column.Levels.Count : (int)value]++;
        }

        var places = new int[counts.Length];
        Array.Fill(places, -1);
        int seen = 0;
        foreach (int level in Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0).OrderByDescending(level => counts[level]))
        {
            places[level] = Math.Min(seen++, MostLevels - 1);
        }

        return new(column.Name, start, Math.Min(seen, MostLevels), 0, 1, places);
    }

    // numpy's percentile: linear between order statistics.
    static double Quantile(double[] sorted, double p)
    {
        double place = p * (sorted.Length - 1);
        int low = (int)place, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }

    // One input column; places of levels are empty for a number, and their last is that of missing.
    sealed record Encoded(string Name, int Start, int Width, double Median, double Scale, int[] Places)
    {
        // Far outside training, but a product of two stays finite.
        const double Farthest = 1e6;

        public void Write(double value, Span<double> cells)
        {
            bool missing = double.IsNaN(value);
            if (Places.Length > 0)
            {
                int level = missing ? Places.Length - 1 : (int)value;
                int place = level < Places.Length ? Places[level] : -1;
                if (place >= 0)
                {
                    cells[place] = 1;
                }
            }
            else if (cells.Length > 0)
            {
                cells[0] = missing ? 0 : Math.Clamp((value - Median) / Scale, -Farthest, Farthest);
                if (cells.Length > 1)
                {
                    cells[1] = missing ? 1 : 0;
                }
            }
        }
    }
}
