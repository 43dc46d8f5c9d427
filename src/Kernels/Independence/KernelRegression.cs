using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Independence;

/// <summary>What kernel ridge regression on S leaves of other kernels: R K R with R = ε (K_S + ε I)⁻¹.</summary>
/// <remarks>
/// With K_S = L Lᵀ, R = I − L (ε I + Lᵀ L)⁻¹ Lᵀ (Woodbury), so that only a matrix of the rank of K_S is inverted, once for
/// all variables that are tested given S.
/// </remarks>
sealed unsafe class KernelRegression
{
    // Right sides that are solved for at once: a row of them is eight vectors of AVX-512, and L is read once for all.
    const int Together = 64;

    readonly KernelFactor _given;
    readonly bool _is512;
    readonly double[] _cholesky; // row by row, its transpose above the diagonal

    /// <summary>The regression on the variables whose centred kernel is <paramref name="given"/>, with ridge ε.</summary>
    public KernelRegression(KernelFactor given, double ridge)
        : this(given, ridge, Vector512.IsHardwareAccelerated) { }

    /// <summary>The same in vectors of 512 bits or of 256; the bits do not depend on it.</summary>
    internal KernelRegression(KernelFactor given, double ridge, bool is512)
    {
        (_given, _is512) = (given, is512);
        int rank = given.Rank;
        _cholesky = new double[rank * rank];
        fixed (double* columns = given.Columns, gram = _cholesky)
        {
            ColumnProducts.Inner(columns, rank, columns, rank, given.Rows, given.Rows, gram, new(is512));
        }

        for (int i = 0; i < rank; i++)
        {
            var own = _cholesky.AsSpan(i * rank, rank);
            own[i] += ridge;
            for (int j = 0; j < i; j++)
            {
                var other = _cholesky.AsSpan(j * rank, rank);
                own[j] = (own[j] - ColumnProducts.Dot(own[..j], other[..j])) / other[j];
            }

            own[i] = Math.Sqrt(own[i] - ColumnProducts.Dot(own[..i], own[..i]));
        }

        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < i; j++)
            {
                _cholesky[j * rank + i] = _cholesky[i * rank + j];
            }
        }
    }

    /// <summary>R F: the factor of R F Fᵀ R; its blocks of columns are worked on side by side.</summary>
    public KernelFactor Residual(KernelFactor factor, CpuDevice device)
    {
        int rank = _given.Rank, rows = factor.Rows, blocks = (factor.Rank + Together - 1) / Together;
        var left = factor.Columns.AsSpan(0, Math.Max(factor.Rank, 1) * rows).ToArray();
        if (rank > 0)
        {
            device.For(blocks, block => SubtractFit(left, rows, block * Together, Math.Min(Together, factor.Rank - block * Together)));
        }

        return new(left, rows, factor.Rank);
    }

    void SubtractFit(double[] left, int rows, int first, int count)
    {
        int rank = _given.Rank;
        double[] weights = new double[rank * count], turned = new double[rank * Together];
        fixed (double* given = _given.Columns, columns = left, coefficients = weights, matrix = _cholesky, right = turned)
        {
            double* own = columns + (long)first * rows;
            ColumnProducts.Inner(given, rank, own, count, rows, rows, coefficients, new(_is512));
            for (int i = 0; i < rank; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    right[i * Together + j] = coefficients[(long)j * rank + i];
                }
            }

            // L down, then Lᵀ, which stands above the diagonal, up.
            for (int i = 0; i < rank; i++)
            {
                Eliminate(right + i * Together, right, matrix + (long)i * rank, i, 1 / matrix[(long)i * rank + i], count);
            }

            for (int i = rank - 1; i >= 0; i--)
            {
                double* row = matrix + (long)i * rank;
                Eliminate(right + i * Together, right + (i + 1) * Together, row + i + 1, rank - 1 - i, 1 / row[i], count);
            }

            for (int i = 0; i < rank; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    coefficients[(long)j * rank + i] = right[i * Together + j];
                }
            }

            ColumnProducts.SubtractCombinations(own, count, given, rank, coefficients, rows, _is512);
        }
    }

    // target = (target − Σₖ coefficients[k] · sourceₖ) · scale, for the first so many numbers of a row or some more.
    void Eliminate(double* target, double* source, double* coefficients, int count, double scale, int width)
    {
        int first = 0;
        for (; _is512 && first < width - 4 * Doubles8.Count; first += 8 * Doubles8.Count)
        {
            Eliminate<Doubles8>(target + first, source + first, coefficients, count, scale);
        }

        for (; first < width; first += 8 * Doubles4.Count)
        {
            Eliminate<Doubles4>(target + first, source + first, coefficients, count, scale);
        }
    }

    static void Eliminate<T>(double* target, double* source, double* coefficients, int count, double scale)
        where T : struct, IDoubles<T>
    {
        T s0 = T.Load(target), s1 = T.Load(target + T.Count), s2 = T.Load(target + 2 * T.Count), s3 = T.Load(target + 3 * T.Count);
        T s4 = T.Load(target + 4 * T.Count), s5 = T.Load(target + 5 * T.Count), s6 = T.Load(target + 6 * T.Count);
        T s7 = T.Load(target + 7 * T.Count);
        for (int k = 0; k < count; k++, source += Together)
        {
            var c = T.Fill(-coefficients[k]);
            s0 = T.MultiplyAdd(c, T.Load(source), s0);
            s1 = T.MultiplyAdd(c, T.Load(source + T.Count), s1);
            s2 = T.MultiplyAdd(c, T.Load(source + 2 * T.Count), s2);
            s3 = T.MultiplyAdd(c, T.Load(source + 3 * T.Count), s3);
            s4 = T.MultiplyAdd(c, T.Load(source + 4 * T.Count), s4);
            s5 = T.MultiplyAdd(c, T.Load(source + 5 * T.Count), s5);
            s6 = T.MultiplyAdd(c, T.Load(source + 6 * T.Count), s6);
            s7 = T.MultiplyAdd(c, T.Load(source + 7 * T.Count), s7);
        }

        (s0 * scale).Store(target);
        (s1 * scale).Store(target + T.Count);
        (s2 * scale).Store(target + 2 * T.Count);
        (s3 * scale).Store(target + 3 * T.Count);
        (s4 * scale).Store(target + 4 * T.Count);
        (s5 * scale).Store(target + 5 * T.Count);
        (s6 * scale).Store(target + 6 * T.Count);
        (s7 * scale).Store(target + 7 * T.Count);
    }
}
