using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>What kernel ridge regression on S leaves of other kernels: R K R with R = ε (K_S + ε I)⁻¹.</summary>
/// <remarks>
/// With K_S = L Lᵀ, R = I − L (ε I + Lᵀ L)⁻¹ Lᵀ (Woodbury), so that only a matrix of the rank of K_S is inverted, once for
/// all variables that are tested given S.
/// </remarks>
sealed unsafe class KernelRegression
{
    // Right sides that are solved for at once: a row of them fills four vector registers, and L is read once for all.
    const int Together = 16;

    readonly KernelFactor _given;
    readonly double[] _cholesky; // row by row, its transpose above the diagonal

    /// <summary>The regression on the variables whose centred kernel is <paramref name="given"/>, with ridge ε.</summary>
    public KernelRegression(KernelFactor given, double ridge)
    {
        _given = given;
        int rank = given.Rank;
        _cholesky = new double[rank * rank];
        fixed (double* columns = given.Columns, gram = _cholesky)
        {
            ColumnProducts.Inner(columns, rank, columns, rank, given.Rows, gram);
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
            ColumnProducts.Inner(given, rank, own, count, rows, coefficients);
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
                Eliminate(right + i * Together, right, matrix + (long)i * rank, i, 1 / matrix[(long)i * rank + i]);
            }

            for (int i = rank - 1; i >= 0; i--)
            {
                double* row = matrix + (long)i * rank;
                Eliminate(right + i * Together, right + (i + 1) * Together, row + i + 1, rank - 1 - i, 1 / row[i]);
            }

            for (int i = 0; i < rank; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    coefficients[(long)j * rank + i] = right[i * Together + j];
                }
            }

            ColumnProducts.SubtractCombinations(own, count, given, rank, coefficients, rows);
        }
    }

    // target = (target − Σₖ coefficients[k] · sourceₖ) · scale, rows of 16.
    static void Eliminate(double* target, double* source, double* coefficients, int count, double scale)
    {
        var s0 = Vector256.Load(target);
        var s1 = Vector256.Load(target + 4);
        var s2 = Vector256.Load(target + 8);
        var s3 = Vector256.Load(target + 12);
        for (int k = 0; k < count; k++, source += Together)
        {
            var c = Vector256.Create(-coefficients[k]);
            s0 = Vector256.FusedMultiplyAdd(c, Vector256.Load(source), s0);
            s1 = Vector256.FusedMultiplyAdd(c, Vector256.Load(source + 4), s1);
            s2 = Vector256.FusedMultiplyAdd(c, Vector256.Load(source + 8), s2);
            s3 = Vector256.FusedMultiplyAdd(c, Vector256.Load(source + 12), s3);
        }

        (s0 * scale).Store(target);
        (s1 * scale).Store(target + 4);
        (s2 * scale).Store(target + 8);
        (s3 * scale).Store(target + 12);
    }
}
