using MathNet.Numerics.LinearAlgebra;

namespace CausalMixFT.Engine.Studies;

/// <summary>A linear model with a random intercept for each group, y = X β + u_group + e, fitted by restricted maximum likelihood.</summary>
/// <remarks>
/// Laird and Ware (1982). With λ = σ_u² / σ² the covariance of a group of n rows is σ² (I + λ 11ᵀ), whose inverse is
/// σ⁻² (I − λ / (1 + n λ) 11ᵀ). β and σ² have closed forms given λ, so that only λ ≥ 0 is searched for.
/// Standard errors are √ diag(σ² (Xᵀ V⁻¹ X)⁻¹).
/// </remarks>
public sealed record RandomInterceptModel
{
    // The ratio's logarithm is searched from e^-14 to e^14, first on a grid, then by golden section.
    const double Widest = 14;
    const int Grid = 57, Refinements = 60;

    /// <summary>β, in the order of X's columns.</summary>
    public required IReadOnlyList<double> Coefficients { get; init; }

    /// <summary>The standard error of each coefficient.</summary>
    public required IReadOnlyList<double> StandardErrors { get; init; }

    /// <summary>σ², the variance within groups.</summary>
    public required double ResidualVariance { get; init; }

    /// <summary>σ_u², the variance between groups; 0 when the groups differ no more than rows do.</summary>
    public required double GroupVariance { get; init; }

    /// <summary>The logarithm of the restricted likelihood.</summary>
    public required double LogLikelihood { get; init; }

    /// <summary>Fits the model.</summary>
    /// <param name="y">What is explained.</param>
    /// <param name="x">Of each row, the explaining values, 1 for the intercept among them; its columns are independent.</param>
    /// <param name="groups">The group of each row.</param>
    /// <exception cref="ArgumentException">There are no more rows than columns, or columns depend on each other.</exception>
    public static RandomInterceptModel Fit(IReadOnlyList<double> y, IReadOnlyList<double[]> x, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(groups);
        if (y.Count == 0 || y.Count <= x[0].Length)
        {
            throw new ArgumentException($"{y.Count} rows cannot tell {(x.Count == 0 ? 0 : x[0].Length)} coefficients.", nameof(y));
        }

        var design = Matrix<double>.Build.DenseOfRowArrays(x);
        if (design.Rank() < design.ColumnCount)
        {
            throw new ArgumentException("Columns of the design depend on each other.", nameof(x));
        }

        var sums = new GroupSums(Vector<double>.Build.DenseOfEnumerable(y), design, groups);
        double best = 0, bestLikelihood = sums.At(0).LogLikelihood;
        double place = Enumerable.Range(0, Grid).Select(i => -Widest + 2 * Widest * i / (Grid - 1))
            .MaxBy(log => sums.At(Math.Exp(log)).LogLikelihood);
        double ratio = Math.Exp(Refine(log => sums.At(Math.Exp(log)).LogLikelihood, place, 2 * Widest / (Grid - 1)));
        if (sums.At(ratio).LogLikelihood > bestLikelihood)
        {
            best = ratio;
        }

        return sums.At(best);
    }

    // Golden section: the largest value near a place.
    static double Refine(Func<double, double> of, double place, double step)
    {
        const double Golden = 0.6180339887498949;
        double low = place - step, high = place + step;
        for (int i = 0; i < Refinements; i++)
        {
            double a = high - Golden * (high - low), b = low + Golden * (high - low);
            _ = of(a) > of(b) ? high = b : low = a;
        }

        return (low + high) / 2;
    }

    // All that the likelihood needs: XᵀX, Xᵀy, yᵀy, and of each group n, Xᵀ1 and 1ᵀy.
    sealed class GroupSums
    {
        readonly Matrix<double> _squares;
        readonly Vector<double> _products;
        readonly (int Size, Vector<double> X, double Y)[] _groups;
        readonly double _squareOfY;
        readonly int _rows;

        public GroupSums(Vector<double> y, Matrix<double> x, IReadOnlyList<int> groups)
        {
            _squares = x.TransposeThisAndMultiply(x);
            _products = x.TransposeThisAndMultiply(y);
            _squareOfY = y * y;
            _rows = y.Count;
            _groups = [.. Enumerable.Range(0, y.Count).GroupBy(row => groups[row]).Select(rows => (
                rows.Count(),
                rows.Select(x.Row).Aggregate((a, b) => a + b),
                rows.Sum(row => y[row])))];
        }

        public RandomInterceptModel At(double ratio)
        {
            var a = _squares.Clone();
            var b = _products.Clone();
            double c = _squareOfY, determinant = 0;
            foreach (var (size, x, y) in _groups)
            {
                double weight = ratio / (1 + size * ratio);
                a -= weight * x.OuterProduct(x);
                b -= weight * y * x;
                c -= weight * y * y;
                determinant += Math.Log(1 + size * ratio);
            }

            var cholesky = a.Cholesky();
            var coefficients = cholesky.Solve(b);
            double freedom = _rows - b.Count;
            double variance = Math.Max(double.Epsilon, (c - b * coefficients) / freedom);
            var inverse = cholesky.Solve(Matrix<double>.Build.DenseIdentity(b.Count));
            return new()
            {
                Coefficients = [.. coefficients],
                StandardErrors = [.. inverse.Diagonal().Select(value => Math.Sqrt(variance * value))],
                ResidualVariance = variance,
                GroupVariance = ratio * variance,
                LogLikelihood = -0.5 * (freedom * (Math.Log(2 * Math.PI * variance) + 1) + determinant + cholesky.DeterminantLn),
            };
        }
    }
}
