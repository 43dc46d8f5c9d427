namespace CausalMixFT.Kernels.Independence;

/// <summary>The upper tail of Q = Σ λᵢ χ²₁, a sum of squared normals with weights λᵢ ≥ 0.</summary>
/// <remarks>
/// Davies (1973, 1980): the characteristic function ∏ (1 − 2 i λ u)^(−½) is inverted on a lattice whose spacing makes the
/// error smaller than 1e-10. Where that would take too many terms, which means one or two weights only, and for tails below
/// the error, the three-moment fit of Hall (1983) and Buckley and Eagleson (1988) is used, which is exact for equal weights.
/// </remarks>
static class WeightedChiSquare
{
    const double Error = 1e-10;
    const int MostTerms = 1 << 14;

    /// <summary>P(Q > <paramref name="x"/>); 1 without any weight.</summary>
    public static double UpperTail(ReadOnlySpan<double> weights, double x)
    {
        double sum = 0, largest = 0;
        foreach (double weight in weights)
        {
            sum += Math.Max(weight, 0);
            largest = Math.Max(largest, weight);
        }

        if (!(sum > 0) || x <= 0)
        {
            return 1;
        }

        // Rounding makes weights of −1e-17; those below 1e-12 of the sum change no digit that is kept.
        var kept = new List<double>();
        foreach (double weight in weights)
        {
            if (weight > 1e-12 * sum)
            {
                kept.Add(weight / sum);
            }
        }

        double[] own = [.. kept];
        double scaled = x / sum, far = BeyondWhich(own, largest / sum);
        double fitted = ThreeMoments(own, scaled);
        return scaled >= far ? Math.Min(fitted, Error)
            : Invert(own, scaled, far) is not { } tail ? fitted
            : tail < 10 * Error ? Math.Min(fitted, 10 * Error) : Math.Min(tail, 1);
    }

    // Chernoff: P(Q > t) ≤ E exp(sQ) · exp(−s t) with s = 0.4 / λmax.
    static double BeyondWhich(double[] weights, double largest)
    {
        double s = 0.4 / largest, logarithm = 0;
        foreach (double weight in weights)
        {
            logarithm -= 0.5 * Math.Log(1 - 2 * s * weight);
        }

        return (logarithm - Math.Log(Error)) / s;
    }

    /// <summary>P(Q > x) = ½ + Σₖ Im[φ(uₖ) e^(−i uₖ x)] / (π (k + ½)) with uₖ = (k + ½) 2π / period; null after too many terms.</summary>
    static double? Invert(double[] weights, double x, double period)
    {
        double sum = 0.5;
        for (int k = 0; k < MostTerms; k++)
        {
            double u = (k + 0.5) * 2 * Math.PI / period;

            // The product of all 1 − 2 i λ u; each factor turns it clockwise by less than a right angle.
            double re = 1, im = 0;
            int turns = 0;
            double logarithm = 0;
            foreach (double weight in weights)
            {
                double b = 2 * weight * u, nextRe = re + im * b, nextIm = im - re * b;
                turns += im > 0 && nextIm <= 0 ? 1 : 0;
                (re, im) = (nextRe, nextIm);
                double size = Math.Abs(re) + Math.Abs(im);
                if (size > 1e100)
                {
                    (re, im) = (re / size, im / size);
                    logarithm += Math.Log(size);
                }
            }

            double angle = Math.Atan2(im, re);
            angle = (angle > 0 ? angle - 2 * Math.PI : angle) - 2 * Math.PI * turns;
            double modulus = Math.Exp(-0.5 * (logarithm + 0.5 * Math.Log(re * re + im * im)));
            sum += modulus * Math.Sin(-0.5 * angle - u * x) / (Math.PI * (k + 0.5));

            // Beyond, |φ| falls at least like u^(−½), and faster the more weights there are.
            if (modulus < Error)
            {
                return sum;
            }
        }

        return null;
    }

    static double ThreeMoments(double[] weights, double x)
    {
        double first = 0, second = 0, third = 0;
        foreach (double weight in weights)
        {
            first += weight;
            second += 2 * weight * weight;
            third += 8 * weight * weight * weight;
        }

        double freedom = 8 * second * second * second / (third * third);
        return TailProbability.ChiSquare(freedom + Math.Sqrt(2 * freedom / second) * (x - first), freedom);
    }
}
