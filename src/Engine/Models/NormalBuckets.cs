using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Models;

/// <summary>My-Small-PFN's buckets: equally likely under N(0, 1), and inside each what of that distribution lies there.</summary>
/// <remarks>Source: MiquelNasarre/My-Small-PFN, BucketOps. It has no quantiles; these follow from its density.</remarks>
sealed class NormalBuckets : BarDistribution
{
    internal NormalBuckets(int buckets)
        : this(Edges(buckets))
    { }

    NormalBuckets(double[] edges)
        : base(edges, Means(edges))
    { }

    private protected override double Inside(int bucket, double share) => Normal.InvCDF(0, 1, (bucket + share) / Buckets);

    private protected override double ShareBelow(int bucket, double value) =>
        Math.Clamp(Normal.CDF(0, 1, value) * Buckets - bucket, 0, 1);

    private protected override double LogDensityInside(int bucket, double value) => Math.Log(Buckets) + Normal.PDFLn(0, 1, value);

    private protected override double Height(int bucket) => Normal.PDF(0, 1, Peak(bucket));

    private protected override double Peak(int bucket) => Math.Clamp(0, Borders[bucket], Borders[bucket + 1]);

    // The first is −∞ and the last ∞.
    static double[] Edges(int buckets) =>
        [.. Enumerable.Range(0, buckets + 1).Select(k => Normal.InvCDF(0, 1, (double)k / buckets))];

    // E[Z | a < Z < b] = (φ(a) − φ(b)) / (Φ(b) − Φ(a)), and all have the same probability.
    static double[] Means(double[] edges) =>
        [.. edges.Zip(edges.Skip(1), (a, b) => (edges.Length - 1) * (Normal.PDF(0, 1, a) - Normal.PDF(0, 1, b)))];
}
