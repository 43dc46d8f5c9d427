using CausalMixFT.Engine.TabPfn;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Generators;

/// <summary>The map of a numeric column onto a standard normal by its quantiles, and back.</summary>
/// <remarks>
/// scikit-learn's QuantileTransformer with output_distribution = "normal" and TabDDPM's number of quantiles, n / 30 between 10
/// and 1,000. Ties lie at the middle of their ranks, so that the way back finds them again: a spike is a flat piece of the quantile
/// function. scikit-learn puts a spike at either end of the column to the end of the scale instead, −5.2; only
/// <paramref name="compatible"/> does.
/// </remarks>
/// <param name="present">The column's cells that are not missing; at least one.</param>
/// <param name="compatible">Whether spikes at the ends go to the ends.</param>
sealed class DiffusionScores(double[] present, bool compatible)
{
    const int RowsPerQuantile = 30, FewestQuantiles = 10, MostQuantiles = 1_000;

    // scikit-learn's: both ends at Φ⁻¹ of 1e-7 less one unit in the last place of 1.
    const double End = 1e-7;
    static readonly double Lowest = Normal.InvCDF(0, 1, End - double.Epsilon), Highest = -Lowest;

    readonly QuantileTransform _quantiles = new(
        present, Math.Max(Math.Min(present.Length / RowsPerQuantile, MostQuantiles), FewestQuantiles));

    /// <summary>The score of a value.</summary>
    public double At(double value)
    {
        var quantiles = _quantiles.LearntQuantiles;
        double share = compatible && value - End < quantiles[0] ? 0
            : compatible && value + End > quantiles[^1] ? 1
            : _quantiles.Centred(value);
        return Math.Clamp(Normal.InvCDF(0, 1, share), Lowest, Highest);
    }

    /// <summary>The value at a score; never outside the column's range.</summary>
    public double Value(double score)
    {
        double share = Normal.CDF(0, 1, score);
        var quantiles = _quantiles.LearntQuantiles;
        return share - End < 0 ? quantiles[0] : share + End > 1 ? quantiles[^1] : _quantiles.Value(share);
    }
}
