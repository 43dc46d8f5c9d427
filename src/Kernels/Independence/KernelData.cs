using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The columns that kernels compare, each with mean 0 and variance 1 (divisor n − 1); constant ones are 0.</summary>
sealed class KernelData
{
    readonly double[] _raw, _standard;
    readonly int[] _starts;

    /// <summary>The data of <paramref name="columns"/>, of which variable i owns starts[i] … starts[i + 1] − 1.</summary>
    public KernelData(IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, IReadOnlyList<int> starts)
    {
        Rows = rows;
        _raw = new double[checked(columns.Count * rows)];
        for (int column = 0; column < columns.Count; column++)
        {
            columns[column].Span[..rows].CopyTo(_raw.AsSpan(column * rows));
        }

        _standard = [.. _raw];
        _starts = [.. starts];
        for (int start = 0; start < _standard.Length; start += rows)
        {
            var column = _standard.AsSpan(start, rows);
            TensorPrimitives.Subtract(column, FixedOrder.Sum(column) / rows, column);
            double deviation = Math.Sqrt(ColumnProducts.SumOfSquares(column) / (rows - 1));
            double size = TensorPrimitives.MaxMagnitude<double>(_raw.AsSpan(start, rows));

            // Of equal numbers the mean may round, and what is left is noise of that size.
            bool constant = !(Math.Abs(deviation) > 1e-14 * Math.Abs(size));
            TensorPrimitives.Multiply(column, constant ? 0 : 1 / deviation, column);
        }
    }

    public int Rows { get; }

    public int Width(int variable) => _starts[variable + 1] - _starts[variable];

    public bool IsConstant(int variable) => !Own(_standard, variable).ContainsAnyExcept(0.0);

    public ReadOnlySpan<double> Standard(int variable) => Own(_standard, variable);

    /// <summary>The standardised columns of <paramref name="variables"/>, one variable behind the other, times <paramref name="factor"/>.</summary>
    public double[] Joined(ReadOnlySpan<int> variables, double factor = 1)
    {
        var joined = new List<double>();
        foreach (int variable in variables)
        {
            joined.AddRange(Standard(variable));
        }

        double[] values = [.. joined];
        TensorPrimitives.Multiply(values, factor, values);
        return values;
    }

    /// <summary>The median of the distances that are not 0 between at most <paramref name="most"/> evenly spaced rows; 1 when all are.</summary>
    public double MedianDistance(ReadOnlySpan<double> points, int most)
    {
        int step = Math.Max(1, (Rows + most - 1) / most), dimensions = points.Length / Rows;
        var squares = new List<double>();
        for (int row = 0; row < Rows; row += step)
        {
            for (int other = 0; other < row; other += step)
            {
                double square = 0;
                for (int k = 0; k < dimensions; k++)
                {
                    double difference = points[k * Rows + row] - points[k * Rows + other];
                    square += difference * difference;
                }

                if (square > 0)
                {
                    squares.Add(square);
                }
            }
        }

        if (squares.Count == 0)
        {
            return 1;
        }

        // Of an even number of distances the middle two are averaged.
        var values = CollectionsMarshal.AsSpan(squares);
        int middle = values.Length / 2;
        double high = Select(values, middle);
        double low = values.Length % 2 == 1 ? high : TensorPrimitives.Max<double>(values[..middle]);
        return (Math.Sqrt(low) + Math.Sqrt(high)) / 2;
    }

    /// <summary>The value that sorting would bring to <paramref name="place"/>; smaller ones stand before it then (Hoare 1961).</summary>
    static double Select(Span<double> values, int place)
    {
        int first = 0, last = values.Length - 1;
        while (first < last)
        {
            double pivot = values[(first + last) / 2];
            int i = first, j = last;
            while (i <= j)
            {
                while (values[i] < pivot)
                {
                    i++;
                }

                while (values[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (place <= j)
            {
                last = j;
            }
            else if (place >= i)
            {
                first = i;
            }
            else
            {
                break;
            }
        }

        return values[place];
    }

    /// <summary>The variable's columns as they were given.</summary>
    public ReadOnlySpan<double> Raw(int variable) => Own(_raw, variable);

    ReadOnlySpan<double> Own(double[] all, int variable) => all.AsSpan(_starts[variable] * Rows, Width(variable) * Rows);
}
