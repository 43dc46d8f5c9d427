using System.Numerics.Tensors;

namespace CausalMixFT.Kernels.Independence;

/// <summary>What kernel ridge regression on S leaves of other kernels: R K R with R = ε (K_S + ε I)⁻¹.</summary>
/// <remarks>
/// With K_S = L Lᵀ, R = I − L (ε I + Lᵀ L)⁻¹ Lᵀ (Woodbury), so that only a matrix of the rank of K_S is inverted, once for
/// all variables that are tested given S.
/// </remarks>
sealed unsafe class KernelRegression
{
    readonly KernelFactor _given;
    readonly double[] _cholesky; // lower triangle, row by row

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
                own[j] = (own[j] - Dot(own[..j], other[..j])) / other[j];
            }

            own[i] = Math.Sqrt(own[i] - Dot(own[..i], own[..i]));
        }
    }

    /// <summary>R F: the factor of R F Fᵀ R.</summary>
    public KernelFactor Residual(KernelFactor factor)
    {
        int rank = _given.Rank, rows = factor.Rows;
        var weights = new double[Math.Max(rank * factor.Rank, 1)];
        var left = factor.Columns.AsSpan(0, Math.Max(factor.Rank * rows, 1)).ToArray();
        if (rank == 0 || factor.Rank == 0)
        {
            return new(left, rows, factor.Rank);
        }

        fixed (double* given = _given.Columns, columns = left, coefficients = weights)
        {
            ColumnProducts.Inner(given, rank, columns, factor.Rank, rows, coefficients);
            for (int column = 0; column < factor.Rank; column++)
            {
                Solve(weights.AsSpan(column * rank, rank));
            }

            ColumnProducts.SubtractCombinations(columns, factor.Rank, given, rank, coefficients, rows);
        }

        return new(left, rows, factor.Rank);
    }

    void Solve(Span<double> right)
    {
        int rank = right.Length;
        for (int i = 0; i < rank; i++)
        {
            var row = _cholesky.AsSpan(i * rank, i + 1);
            right[i] = (right[i] - Dot(row[..i], right[..i])) / row[i];
        }

        for (int i = rank - 1; i >= 0; i--)
        {
            var row = _cholesky.AsSpan(i * rank, i + 1);
            right[i] /= row[i];
            TensorPrimitives.MultiplyAdd(row[..i], -right[i], right[..i], right[..i]);
        }
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => a.Length == 0 ? 0 : TensorPrimitives.Dot(a, b);
}
