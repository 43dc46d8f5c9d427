using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>What the energy of one class is made of: its rows in standard deviations, and corner points away from them.</summary>
/// <remarks>
/// Numeric columns that vary within the class take part. The corner points are (±r, …, ±r): two random ones and their opposites, all
/// four with two columns, both with one.
/// </remarks>
sealed class EnergyClass
{
    readonly double[] _means, _deviations;

    /// <summary>Learns the standard deviations of a class, and draws its context and corners.</summary>
    /// <param name="table">The training rows.</param>
    /// <param name="rows">Those of the class.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="random">The class's own draws.</param>
    public EnergyClass(Table table, int[] rows, EnergyOptions options, Philox random)
    {
        Rows = rows;
        var used = new List<int>();
        var means = new List<double>();
        var deviations = new List<double>();
        for (int c = 0; c < table.Columns.Count; c++)
        {
            if (!table.Columns[c].IsDiscrete && Moments(table.Columns[c].Values, rows) is { } moments)
            {
                used.Add(c);
                means.Add(moments.Mean);
                deviations.Add(moments.Deviation);
            }
        }

        (Columns, _means, _deviations) = ([.. used], [.. means], [.. deviations]);
        int[] shown = [.. rows.OrderBy(row => random.Word((uint)row, 0)).Take(options.MaxContext).Order()];
        Context = [.. shown.SelectMany(row => Standardised(table, row))];
        Corners = DrawCorners((float)options.CornerDistance, random);
    }

    /// <summary>The class's rows.</summary>
    public int[] Rows { get; }

    /// <summary>The places of the columns that the energy is of.</summary>
    public int[] Columns { get; }

    /// <summary>Rows of the class (rows, columns) in its standard deviations, no more than a cap.</summary>
    public float[] Context { get; }

    /// <summary>The corner points (points, columns).</summary>
    public float[] Corners { get; }

    /// <summary>The energy's columns of a row in the class's standard deviations; NaN is missing.</summary>
    public float[] Standardised(Table table, int row)
    {
        var cells = new float[Columns.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = (float)((table.Columns[Columns[i]].Values[row] - _means[i]) / _deviations[i]);
        }

        return cells;
    }

    /// <summary>The number that a standardised cell of the energy's column <paramref name="i"/> is.</summary>
    public double Number(int i, float cell) => _means[i] + _deviations[i] * cell;

    float[] DrawCorners(float distance, Philox random)
    {
        int columns = Columns.Length;
        bool[] first = [.. Enumerable.Range(0, columns).Select(i => Coin(i, 1))];
        bool[] second = [.. Enumerable.Range(0, columns).Select(i => Coin(i, 2))];
        if (columns == 2 || (columns > 1 && (second.SequenceEqual(first) || second.SequenceEqual(first.Select(sign => !sign)))))
        {
            // Neither the first again nor its opposite.
            second = [first[0], .. first[1..].Select(sign => !sign)];
        }

        bool[][] signs = columns > 1 ? [first, second] : [first];
        return [.. signs.SelectMany(own => own.Concat(own.Select(sign => !sign))).Select(sign => sign ? distance : -distance)];

        bool Coin(int column, uint stream) => (random.Word((uint)column, stream) & 1) != 0;
    }

    // Null where no two different numbers are left, or their squares are beyond a double.
    static (double Mean, double Deviation)? Moments(ReadOnlySpan<double> values, int[] rows)
    {
        double sum = 0, squares = 0, least = double.PositiveInfinity, most = double.NegativeInfinity;
        int count = 0;
        foreach (int row in rows)
        {
            double value = values[row];
            if (!double.IsNaN(value))
            {
                sum += value;
                count++;
                (least, most) = (Math.Min(least, value), Math.Max(most, value));
            }
        }

        double mean = sum / count;
        foreach (int row in rows)
        {
            double off = double.IsNaN(values[row]) ? 0 : values[row] - mean;
            squares += off * off;
        }

        double deviation = Math.Sqrt(squares / count);
        return least < most && double.IsFinite(deviation) && deviation > 0 ? (mean, deviation) : null;
    }
}
