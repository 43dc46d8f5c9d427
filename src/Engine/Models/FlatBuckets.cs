namespace CausalMixFT.Engine.Models;

/// <summary>TabPFN's buckets: constant inside, and half a normal distribution in place of the first and the last.</summary>
/// <remarks>
/// <para>A half-normal begins at the inner border of its bucket and has half of its probability within the bucket's width, so
/// that labels beyond all borders have a density and the mean counts them.</para>
/// <para>As in PriorLabs/TabPFN (FullSupportBarDistribution), only density and mean know the half-normals. The distribution
/// function, quantiles, median and mode take the outer buckets for constant like the others, and end at the outer borders.</para>
/// </remarks>
sealed class FlatBuckets : BarDistribution
{
    // Half of a half-normal's probability lies below so many of its scales: Φ⁻¹(0.75).
    const double MedianOfHalfNormal = 0.674489750196081743;

    // Labels on the inner border, and buckets whose end rounding put before a label, are so far inside it.
    const double Nearest = 1e-8;

    static readonly double MeanOfHalfNormal = Math.Sqrt(2 / Math.PI);

    internal FlatBuckets(double[] borders)
        : base(borders, Means(borders))
    { }

    private protected override double Inside(int bucket, double share) => Borders[bucket] + Width(bucket) * share;

    private protected override double ShareBelow(int bucket, double value) =>
        Width(bucket) > 0 ? Math.Clamp((value - Borders[bucket]) / Width(bucket), 0, 1) : 1;

    private protected override double LogDensityInside(int bucket, double value)
    {
        if (bucket > 0 && bucket < Buckets - 1)
        {
            return -Math.Log(Width(bucket));
        }

        double scale = Width(bucket) / MedianOfHalfNormal;
        double distance = Math.Max(Nearest, bucket == 0 ? Borders[1] - value : value - Borders[^2]) / scale;
        return Math.Log(MeanOfHalfNormal / scale) - distance * distance / 2;
    }

    private protected override double Height(int bucket) => Width(bucket) > 0 ? 1 / Width(bucket) : 0;

    private protected override double Peak(int bucket) => (Borders[bucket] + Borders[bucket + 1]) / 2;

    double Width(int bucket) => Borders[bucket + 1] - Borders[bucket];

    static double[] Means(double[] borders)
    {
        double[] means = [.. borders.Zip(borders.Skip(1), (left, right) => (left + right) / 2)];
        means[0] = borders[1] - MeanOfHalfNormal * (borders[1] - borders[0]) / MedianOfHalfNormal;
        means[^1] = borders[^2] + MeanOfHalfNormal * (borders[^1] - borders[^2]) / MedianOfHalfNormal;
        return means;
    }
}
