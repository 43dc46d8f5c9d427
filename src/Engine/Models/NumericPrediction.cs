namespace CausalMixFT.Engine.Models;

/// <summary>What a regressor says of one row, in the target's own unit.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Quantiles">The quantiles at <see cref="Shares"/>.</param>
public sealed record NumericPrediction(double Mean, IReadOnlyList<double> Quantiles)
{
    /// <summary>Shares of the probability that lie below the quantiles.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

    /// <summary>The median: the middle quantile.</summary>
    public double Median => Quantiles[Shares.Count / 2];

    /// <summary>What a distribution of labels says of the target.</summary>
    /// <param name="distribution">The buckets.</param>
    /// <param name="probabilities">Their probabilities.</param>
    /// <param name="scale">From labels to numbers.</param>
    public static NumericPrediction Of(BarDistribution distribution, ReadOnlySpan<double> probabilities, TargetScale scale)
    {
        ArgumentNullException.ThrowIfNull(distribution);
        var quantiles = new double[Shares.Count];
        for (int i = 0; i < quantiles.Length; i++)
        {
            quantiles[i] = scale.Value(distribution.Quantile(probabilities, Shares[i]));
        }

        return new(scale.Value(distribution.Mean(probabilities)), quantiles);
    }
}
