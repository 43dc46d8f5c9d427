using System.Numerics.Tensors;

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
        double[] remaining = new double[rows], scratch = new double[rows], row = new double[rows];
        kernel.Diagonal(points, rows, remaining);
        double trace = ColumnProducts.Sum(remaining), enough = tolerance * trace;

        // Below this a pivot is rounding: its column would be noise divided by its own root.
        double smallest = 1e-15 * TensorPrimitives.Max<double>(remaining);
        var columns = new double[rows * Math.Min(rows, 32)];
        int rank = 0;
        for (; rank < rows && ColumnProducts.Sum(remaining) > enough; rank++)
        {
            int pivot = TensorPrimitives.IndexOfMax<double>(remaining);
            if (remaining[pivot] <= smallest)
            {
                break;
            }

            if (columns.Length < (rank + 1) * rows)
            {
                Array.Resize(ref columns, Math.Min(2 * rank, rows) * rows);
            }

            var next = columns.AsSpan(rank * rows, rows);
            kernel.Column(points, rows, pivot, scratch, next);
            for (int k = 0; k < rank; k++)
            {
                row[k] = columns[k * rows + pivot];
            }

            fixed (double* all = columns, coefficients = row)
            {
                ColumnProducts.SubtractCombination(all + (long)rank * rows, all, rank, coefficients, rows);
            }

            TensorPrimitives.Multiply(next, 1 / Math.Sqrt(remaining[pivot]), next);
            TensorPrimitives.Multiply(next, next, scratch);
            TensorPrimitives.Subtract(remaining, scratch, remaining);
            TensorPrimitives.Max(remaining, 0, remaining);
            remaining[pivot] = 0;
        }

        for (int k = 0; k < rank; k++)
        {
            var column = columns.AsSpan(k * rows, rows);
            TensorPrimitives.Subtract(column, ColumnProducts.Sum(column) / rows, column);
        }

        return new(columns, rows, rank);
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
