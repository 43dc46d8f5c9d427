using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Encoding;

/// <summary>Functions of a number that a linear test sees curves through.</summary>
/// <remarks>
/// The first is the normal score of the number's rank; then come the Legendre polynomials of degree 2, 3, … of its rank
/// scaled to −1 … 1. They are bounded, so that no row decides a covariance, and close to uncorrelated with each other and
/// with the score, so that none of them is lost to rounding.
/// </remarks>
static class NormalScoreBasis
{
    // What n rows can pay for: a pair of numbers costs the square of it in degrees of freedom.
    const int Fewest = 2, Most = 5;

    /// <summary>Columns for a table of <paramref name="rows"/>: n^(1/5), from 2 below 100 rows to 5 above 1,800.</summary>
    public static int ColumnsFor(int rows) => Math.Clamp((int)Math.Round(Math.Pow(rows, 0.2)), Fewest, Most);

    /// <summary>The polynomial of <paramref name="degree"/> of each rank, given as its normal score.</summary>
    public static double[] Column(double[] scores, int degree)
    {
        var column = new double[scores.Length];
        for (int row = 0; row < scores.Length; row++)
        {
            // (k + 1) Pₖ₊₁(u) = (2k + 1) u Pₖ(u) − k Pₖ₋₁(u)
            double u = 2 * Normal.CDF(0, 1, scores[row]) - 1, before = 1, value = u;
            for (int k = 1; k < degree; k++)
            {
                (before, value) = (value, ((2 * k + 1) * u * value - k * before) / (k + 1));
            }

            column[row] = value;
        }

        return column;
    }
}
