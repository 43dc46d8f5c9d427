using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Encoding;

/// <summary>Functions of a number's rank that a linear test sees curves through.</summary>
/// <remarks>
/// First the Legendre polynomials of degree 2, 3, … of the rank scaled to −1 … 1: bounded, so that no row decides a
/// covariance, and close to uncorrelated with each other and with the number. Then z² and z³ of the number itself,
/// standardised, which a variable only needs where it is given: they explain exactly what depends on its square or its
/// cube, and their long tails do no harm there.
/// </remarks>
public static class NormalScoreBasis
{
    /// <summary>How many functions serve only where the variable is given.</summary>
    public const int GivenOnly = 2;

    // What n rows can pay for: each further column costs a pair of numbers two degrees of freedom.
    const int Fewest = 2, Most = 5;

    /// <summary>Columns that stand for a number among <paramref name="rows"/>: n^(1/5), from 2 below 100 rows to 5 above 1,800.</summary>
    public static int ColumnsFor(int rows) => Math.Clamp((int)Math.Round(Math.Pow(rows, 0.2)), Fewest, Most);

    /// <summary>The functions beside the number itself, from it and its normal scores; none when it stands alone.</summary>
    internal static IEnumerable<double[]> Expand(double[] values, double[] scores, int columns)
    {
        // A number with two values is a line through them.
        if (columns == 1 || scores.Distinct().Take(3).Count() < 3)
        {
            yield break;
        }

        for (int degree = 2; degree <= columns; degree++)
        {
            yield return Array.ConvertAll(scores, z => Legendre(degree, 2 * Normal.CDF(0, 1, z) - 1));
        }

        double mean = values.Average(), deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        if (!double.IsFinite(mean) || !double.IsFinite(deviation))
        {
            yield break;
        }

        double[] z = Array.ConvertAll(values, value => (value - mean) / deviation);
        yield return Array.ConvertAll(z, value => value * value);
        yield return Array.ConvertAll(z, value => value * value * value);
    }

    static double Legendre(int degree, double u)
    {
        // (k + 1) Pₖ₊₁(u) = (2k + 1) u Pₖ(u) − k Pₖ₋₁(u)
        double before = 1, value = u;
        for (int k = 1; k < degree; k++)
        {
            (before, value) = (value, ((2 * k + 1) * u * value - k * before) / (k + 1));
        }

        return value;
    }
}
