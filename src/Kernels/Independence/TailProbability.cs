namespace CausalMixFT.Kernels.Independence;

/// <summary>Tail probabilities of the normal and χ² distributions, accurate relative to their own size down to 1e-300.</summary>
public static class TailProbability
{
    /// <summary>The probability that a standard normal is farther from 0 than <paramref name="z"/>.</summary>
    public static double NormalTwoSided(double z) => ErrorFunctionComplement(Math.Abs(z) / Math.Sqrt(2));

    /// <summary>The probability that a χ² variable with <paramref name="degreesOfFreedom"/> exceeds <paramref name="statistic"/>.</summary>
    /// <returns>1 without degrees of freedom: such a table can show nothing.</returns>
    public static double ChiSquare(double statistic, double degreesOfFreedom)
    {
        if (degreesOfFreedom <= 0 || statistic <= 0)
        {
            return 1;
        }

        // Q(a, x) = Γ(a, x) / Γ(a): the series of P = 1 − Q left of the mean, where Q is large; a continued fraction right.
        double a = degreesOfFreedom / 2, x = statistic / 2;
        if (degreesOfFreedom <= MostTerms && x <= LargestExponent && degreesOfFreedom == Math.Truncate(degreesOfFreedom))
        {
            return WholeDegrees((int)degreesOfFreedom, x);
        }

        return double.IsPositiveInfinity(x) ? 0 : x < a + 1 ? 1 - LowerSeries(a, x) : UpperFraction(a, x);
    }

    const double InverseRootOfPi = 0.56418958354775628695;

    // Beyond, the finite sum is longer than the fraction, and e⁻ˣ no longer a normal double.
    const int MostTerms = 64;
    const double LargestExponent = 690;

    /// <summary>Q(d/2, x) for whole d: a finite sum of positive terms, ten times as fast as series and fraction.</summary>
    /// <remarks>
    /// Even d: <c>e⁻ˣ Σ xᵏ/k!</c>, k below d/2. Odd d: <c>erfc √x + e⁻ˣ √(x/π) · (1 + x/1.5 (1 + x/2.5 (1 + …))) · 2</c>.
    /// </remarks>
    static double WholeDegrees(int degrees, double x)
    {
        bool odd = (degrees & 1) != 0;
        double sum = 1, above = odd ? 0.5 : 0;
        for (int k = degrees / 2 - 1; k >= 1; k--)
        {
            sum = 1 + sum * x / (k + above);
        }

        if (!odd)
        {
            return Math.Exp(-x) * sum;
        }

        double root = Math.Sqrt(x), tail = ErrorFunctionComplement(root);
        return degrees == 1 ? tail : Math.Min(tail + Math.Exp(-x) * root * sum * 2 * InverseRootOfPi, 1);
    }

    /// <summary>erfc(x) = 2/√π ∫ₓ^∞ exp(−t²) dt for x ≥ 0.</summary>
    /// <remarks>Cody (1969), "Rational Chebyshev approximations for the error function": near machine precision.</remarks>
    internal static double ErrorFunctionComplement(double x)
    {
        if (x <= 0.46875)
        {
            double square = x * x;
            ReadOnlySpan<double> a =
                [1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3];
            ReadOnlySpan<double> b =
                [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];
            return 1 - x * Polynomial(a, square) / Polynomial(b, square);
        }

        if (x <= 4)
        {
            ReadOnlySpan<double> c =
            [
                2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
                2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
            ];
            ReadOnlySpan<double> d =
            [
                1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
                3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
            ];
            return ExponentialOfMinusSquare(x) * Polynomial(c, x) / Polynomial(d, x);
        }

        double inverse = 1 / (x * x);
        ReadOnlySpan<double> p =
        [
            1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
            1.60837851487422766e-2, 6.58749161529837803e-4,
        ];
        ReadOnlySpan<double> q =
        [
            1, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
            2.33520497626869185e-3,
        ];
        double tail = inverse * Polynomial(p, inverse) / Polynomial(q, inverse);
        return ExponentialOfMinusSquare(x) * (InverseRootOfPi - tail) / x;
    }

    /// <summary>exp(−x²), with x split so that the square's rounding does not grow by x² in the exponent.</summary>
    static double ExponentialOfMinusSquare(double x)
    {
        double high = Math.Truncate(x * 16) / 16; // its square is exact
        return Math.Exp(-high * high) * Math.Exp(-(x - high) * (x + high));
    }

    static double Polynomial(ReadOnlySpan<double> coefficients, double x)
    {
        double sum = 0;
        foreach (double coefficient in coefficients)
        {
            sum = sum * x + coefficient;
        }

        return sum;
    }

    static double LowerSeries(double a, double x)
    {
        double term = 1, sum = 1;
        for (double n = a + 1; term > sum * 1e-17; n++)
        {
            term *= x / n;
            sum += term;
        }

        return PoissonDensity(a, x) * sum;
    }

    static double UpperFraction(double a, double x)
    {
        // Lentz's method on Γ(a, x) eˣ x⁻ᵃ = 1/(x + 1 − a − 1(1 − a)/(x + 3 − a − 2(2 − a)/(x + 5 − a − …))).
        double b = x + 1 - a, c = double.MaxValue, d = 1 / b, fraction = d;
        for (int i = 1; i < 100_000; i++)
        {
            double numerator = i * (a - i);
            b += 2;
            d = 1 / (b + numerator * d);
            c = b + numerator / c;
            double factor = c * d;
            fraction *= factor;
            if (Math.Abs(factor - 1) < 1e-16)
            {
                break;
            }
        }

        return a * PoissonDensity(a, x) * fraction;
    }

    /// <summary>xᵃ e⁻ˣ / Γ(a + 1), for real a > 0.</summary>
    /// <remarks>
    /// Loader (2000), "Fast and accurate computation of binomial probabilities": the saddle-point form subtracts no large
    /// numbers, where a·ln x − x − ln Γ would lose a digit for each one that a has.
    /// </remarks>
    static double PoissonDensity(double a, double x) =>
        Math.Exp(-StirlingError(a) - Deviance(a, x)) / Math.Sqrt(2 * Math.PI * a);

    /// <summary>ln Γ(a + 1) − (a + ½) ln a + a − ½ ln 2π.</summary>
    static double StirlingError(double a)
    {
        // The series needs a ≥ 16 for full precision; below, S(a) − S(a + 1) = (a + ½) ln(1 + 1/a) − 1 leads up to it.
        double error = 0;
        for (; a < 16; a++)
        {
            error += (a + 0.5) * Log1P(1 / a) - 1;
        }

        double inverse = 1 / (a * a);
        return error + (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1260 - inverse * (1.0 / 1680 - inverse / 1188)))) / a;
    }

    /// <summary>a ln(a/x) + x − a ≥ 0, without cancellation when x is near a.</summary>
    static double Deviance(double a, double x)
    {
        if (Math.Abs(a - x) >= 0.1 * (a + x))
        {
            return a * Math.Log(a / x) + x - a;
        }

        // With v = (a − x)/(a + x): ln(a/x) = 2 atanh(v).
        double v = (a - x) / (a + x), square = v * v;
        double sum = (a - x) * v, term = 2 * a * v;
        for (int k = 3; ; k += 2)
        {
            term *= square;
            double next = sum + term / k;
            if (next == sum)
            {
                return next;
            }

            sum = next;
        }
    }

    static double Log1P(double x)
    {
        // Goldberg (1991), theorem 4.
        double y = 1 + x;
        return y == 1 ? x : Math.Log(y) * x / (y - 1);
    }
}
