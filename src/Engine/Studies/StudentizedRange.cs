using MathNet.Numerics.Distributions;
using MathNet.Numerics.Integration;
using MathNet.Numerics.RootFinding;

namespace CausalMixFT.Engine.Studies;

/// <summary>The distribution of the range of k standard normal values (Tukey's, with endless degrees of freedom).</summary>
static class StudentizedRange
{
    // Simpson's rule on a smooth integrand of width about 2; halving the steps moves no digit above 1e-13.
    const int Steps = 4000;
    const double Tail = 9;

    /// <summary>The chance that the range is at most q: k ∫ φ(z) (Φ(z + q) − Φ(z))^(k − 1) dz, z being the smallest value.</summary>
    public static double Cdf(double q, int k) => q <= 0 ? 0 : Math.Min(1, k * SimpsonRule.IntegrateComposite(
        z => Normal.PDF(0, 1, z) * Math.Pow(Normal.CDF(0, 1, z + q) - Normal.CDF(0, 1, z), k - 1), -Tail, Tail, Steps));

    /// <summary>The range that is exceeded with the chance alpha.</summary>
    public static double UpperQuantile(double alpha, int k) => Brent.FindRoot(q => Cdf(q, k) - (1 - alpha), 0, 20, 1e-10);
}
