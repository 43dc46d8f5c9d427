namespace CausalMixFT.Engine.Generators;

/// <summary>Correlations of latent normals, from those of their scores, and the way from independent normals to them.</summary>
static class CopulaCorrelation
{
    // Latents that move as one give a matrix without an inverse.
    const double Most = 0.999;

    /// <summary>The correlation ρ of two latents whose scores have the correlation <paramref name="scores"/>: Σ aₖ bₖ ρᵏ = scores.</summary>
    /// <remarks>
    /// Ties hide part of a dependence: two names of equal shares show r = (2 / π) arcsin ρ. The nearest to −1 or 1 where ties allow no such
    /// correlation.
    /// </remarks>
    public static double Latent(double scores, double[] a, double[] b)
    {
        double low = -Most, high = Most;
        for (int halving = 0; halving < 40; halving++)
        {
            double middle = (low + high) / 2;
            (low, high) = Series(middle, a, b) < scores ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>The correlation of the scores.</summary>
    internal static double Series(double latent, double[] a, double[] b)
    {
        double sum = 0;
        for (int k = a.Length - 1; k >= 0; k--)
        {
            sum = (sum + a[k] * b[k]) * latent;
        }

        return sum;
    }

    /// <summary>The lower factor L of the correlation L Lᵀ, moved towards no correlation as little as makes it positive definite.</summary>
    /// <param name="correlation">(size, size), row-major, ones on the diagonal.</param>
    /// <param name="size">How many latents.</param>
    /// <returns>(size, size), row-major; rows have length 1.</returns>
    public static double[] Factor(double[] correlation, int size)
    {
        for (double share = 0; ; share = share == 0 ? 1e-6 : share * 2)
        {
            if (Cholesky(correlation, size, Math.Min(share, 1)) is { } factor)
            {
                return factor;
            }
        }
    }

    static double[]? Cholesky(double[] correlation, int size, double share)
    {
        const double LeastPivot = 1e-6;
        var factor = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = i == j ? 1 : (1 - share) * correlation[i * size + j];
                for (int k = 0; k < j; k++)
                {
                    sum -= factor[i * size + k] * factor[j * size + k];
                }

                if (i == j && sum < LeastPivot)
                {
                    return null;
                }

                factor[i * size + j] = i == j ? Math.Sqrt(sum) : sum / factor[j * size + j];
            }
        }

        return factor;
    }
}
