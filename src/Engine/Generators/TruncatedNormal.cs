using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Generators;

/// <summary>A normal distribution cut to an interval: its density there, scaled to 1.</summary>
/// <param name="Mean">μ, of the normal before it is cut; inside the interval.</param>
/// <param name="Deviation">σ; 0 makes it the point μ.</param>
/// <param name="Below">Φ((low − μ) / σ).</param>
/// <param name="UpTo">Φ((high − μ) / σ).</param>
readonly record struct TruncatedNormal(double Mean, double Deviation, double Below, double UpTo)
{
    /// <summary>That of N(μ, σ²) on [<paramref name="low"/>, <paramref name="high"/>].</summary>
    public static TruncatedNormal On(double low, double high, double mean, double deviation) => deviation > 0
        ? new(mean, deviation, Normal.CDF(mean, deviation, low), Normal.CDF(mean, deviation, high))
        : new(mean, 0, 0, 1);

    /// <summary>
    /// The value that a share <paramref name="p"/> in (0, 1) of draws stays below: F⁻¹(p) = μ + σ Φ⁻¹(Φ(a) + p (Φ(b) − Φ(a))).
    /// </summary>
    public double Quantile(double p) =>
        Deviation > 0 ? Mean + Deviation * Normal.InvCDF(0, 1, Below + p * (UpTo - Below)) : Mean;
}
