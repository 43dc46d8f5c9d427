using ILGPU;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Memory for one small matrix per question: local or global on a GPU, the stack or an array on a CPU.</summary>
interface ISmallMatrix
{
    /// <summary>An element by its place in the packed lower triangle.</summary>
    double this[int at] { get; set; }
}

/// <summary>Every stride-th element of a view, so that threads side by side touch neighbours.</summary>
readonly struct ViewMatrix(ArrayView<double> view, int offset, int stride) : ISmallMatrix
{
    public double this[int at]
    {
        get => view[offset + (long)at * stride];
        set => view[offset + (long)at * stride] = value;
    }
}

/// <summary>A run of doubles in host memory.</summary>
readonly unsafe struct PointerMatrix(double* start) : ISmallMatrix
{
    public double this[int at]
    {
        get => start[at];
        set => start[at] = value;
    }
}

/// <summary>Elimination in a packed lower triangle, one body for kernel and twin: (i, j) with j ≤ i is at i(i + 1)/2 + j.</summary>
static class SmallMatrix
{
    /// <summary>A given column with less than this share of its variance left, after those before it, adds nothing.</summary>
    /// <remarks>Doubles leave about 1e-15 where the exact answer is 0; real data, even rounded, leave more than 1e-9.</remarks>
    public const double Redundant = 1e-10;

    /// <summary>A tested column with less than this share of its variance left is a function of what is given.</summary>
    /// <remarks>
    /// R² above 0.9999. A telephone bill that is minutes × price, rounded to cents, leaves 1e-7 to 2e-5. What is left of
    /// such a column is rounding noise, and independence of noise says nothing about the column.
    /// </remarks>
    public const double Determined = 1e-4;

    /// <summary>Elements in the packed triangle of a matrix of <paramref name="size"/> rows.</summary>
    public static int Length(int size) => size * (size + 1) / 2;

    public static int At(int row, int column) => row * (row + 1) / 2 + column;

    /// <summary>Takes column <paramref name="pivot"/>'s share out of the columns after it, up to <paramref name="size"/>.</summary>
    public static void Eliminate<TMatrix>(TMatrix matrix, int pivot, int size)
        where TMatrix : struct, ISmallMatrix
    {
        double variance = matrix[At(pivot, pivot)];
        for (int i = pivot + 1; i < size; i++)
        {
            double factor = matrix[At(i, pivot)] / variance;
            for (int j = pivot + 1; j <= i; j++)
            {
                matrix[At(i, j)] -= factor * matrix[At(j, pivot)];
            }
        }
    }
}
