using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Independence;

/// <summary>A kernel matrix as F Fᵀ with F of shape (rows, rank), column by column.</summary>
/// <remarks>
/// A Gaussian kernel of a few hundred rows of one or two numbers has some twenty to a hundred eigenvalues that a double can
/// tell from zero, so the factor holds everything that the n × n matrix does. Found by Cholesky's decomposition with the
/// largest remaining diagonal element as pivot (Fine and Scheinberg 2001; Bach and Jordan 2002), which needs only the
/// kernel's columns at the pivots. Where the matrix has full rank the factor becomes its complete Cholesky factor.
/// </remarks>
sealed unsafe class KernelFactor(double[] columns, int rows, int rank)
{
    /// <summary>F, column by column; longer than rank · rows.</summary>
    public double[] Columns => columns;

    public int Rows => rows;

    public int Rank => rank;

    /// <summary>The trace of F Fᵀ.</summary>
    public double Trace => ColumnProducts.SumOfSquares(columns.AsSpan(0, rank * rows));

    /// <summary>The factor of the centred kernel matrix H K H; what is left out has at most <paramref name="tolerance"/> of K's trace.</summary>
    /// <param name="points">The rows that the kernel compares, (rows, dimensions), column by column.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="tolerance">The share of the trace that may be left out.</param>
    public static KernelFactor Of(ReadOnlySpan<double> points, int rows, KernelFunction kernel, double tolerance)
    {
        double[] own = points.ToArray(), remaining = new double[rows], scratch = new double[rows], row = new double[rows];
        int[] order = [.. Enumerable.Range(0, rows)];
        kernel.Diagonal(own, rows, remaining);
        double trace = FixedOrder.Sum(remaining), enough = tolerance * trace;

        // Below this a pivot is rounding: its column would be noise divided by its own root.
        double smallest = 1e-15 * TensorPrimitives.Max<double>(remaining);
        var columns = new double[rows * Math.Min(rows, 32)];
        int rank = 0;
        for (; rank < rows && FixedOrder.Sum(remaining.AsSpan(rank)) > enough; rank++)
        {
            int pivot = rank + TensorPrimitives.IndexOfMax<double>(remaining.AsSpan(rank));
            if (remaining[pivot] <= smallest)
            {
                break;
            }

            if (columns.Length < (rank + 1) * rows)
            {
                Array.Resize(ref columns, Math.Min(2 * rank, rows) * rows);
            }

            // Pivots come to the front: a column is zero at those before it, and what is left of a row shortens.
            (order[rank], order[pivot]) = (order[pivot], order[rank]);
            (remaining[rank], remaining[pivot]) = (remaining[pivot], remaining[rank]);
            Swap(own, rows, own.Length / rows, rank, pivot);
            Swap(columns, rows, rank, rank, pivot);
            var next = columns.AsSpan(rank * rows + rank, rows - rank);
            kernel.Column(own, rows, rank, scratch, next);
            for (int k = 0; k < rank; k++)
            {
                row[k] = columns[k * rows + rank];
            }

            fixed (double* all = columns, coefficients = row)
            {
                ColumnProducts.SubtractCombination(
                    all + (long)rank * rows + rank, all + rank, rank, coefficients, rows - rank, rows, Vector512.IsHardwareAccelerated);
            }

            TensorPrimitives.Multiply(next, 1 / Math.Sqrt(remaining[rank]), next);
            var left = remaining.AsSpan(rank, rows - rank);
            TensorPrimitives.Multiply(next, next, scratch);
            TensorPrimitives.Subtract(left, scratch.AsSpan(0, left.Length), left);
            TensorPrimitives.Max(left, 0, left);
        }

        for (int k = 0; k < rank; k++)
        {
            var column = columns.AsSpan(k * rows, rows);
            double mean = FixedOrder.Sum(column) / rows;
            for (int i = 0; i < rows; i++)
            {
                scratch[order[i]] = column[i] - mean;
            }

            scratch.CopyTo(column);
        }

        return new(columns, rows, rank);
    }

    // Exchanges two rows of columns.
    static void Swap(double[] columns, int rows, int count, int row, int other)
    {
        for (int start = 0; start < count * rows; start += rows)
        {
            (columns[start + row], columns[start + other]) = (columns[start + other], columns[start + row]);
        }
    }

    /// <summary>The same factor without the columns that together have at most <paramref name="tolerance"/> of the trace.</summary>
    public KernelFactor Truncate(double tolerance)
    {
        var squares = new double[rank];
        for (int k = 0; k < rank; k++)
        {
            squares[k] = ColumnProducts.SumOfSquares(columns.AsSpan(k * rows, rows));
        }

        int[] order = [.. Enumerable.Range(0, rank).OrderBy(k => squares[k])];
        double most = tolerance * squares.Sum(), left = 0;
        int dropped = 0;
        while (dropped < rank && left + squares[order[dropped]] <= most)
        {
            left += squares[order[dropped++]];
        }

        int[] kept = [.. order.Skip(dropped).Order()];
        var narrow = new double[Math.Max(kept.Length, 1) * rows];
        for (int k = 0; k < kept.Length; k++)
        {
            columns.AsSpan(kept[k] * rows, rows).CopyTo(narrow.AsSpan(k * rows));
        }

        return new(narrow, rows, kept.Length);
    }

    /// <summary>‖Fᵀ G‖², which is the trace of the product of the two kernel matrices.</summary>
    public double InnerProduct(KernelFactor other)
    {
        var products = new double[rank * other.Rank];
        fixed (double* a = columns, b = other.Columns, c = products)
        {
            ColumnProducts.Inner(a, rank, b, other.Rank, rows, c);
        }

        return ColumnProducts.SumOfSquares(products);
    }
}
