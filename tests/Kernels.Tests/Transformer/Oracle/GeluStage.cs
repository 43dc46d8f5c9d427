namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>y = x Φ(x), so that dy/dx = Φ(x) + x φ(x).</summary>
sealed class GeluStage : Stage
{
    Matrix _x = new(0, 0);

    public override Matrix Forward(Matrix x)
    {
        _x = x;
        return new(x.Rows, x.Width, Array.ConvertAll(x.Values, v => v * Cdf(v)));
    }

    public override Matrix Backward(Matrix dy)
    {
        var dx = new Matrix(dy.Rows, dy.Width);
        for (int i = 0; i < dx.Values.Length; i++)
        {
            double x = _x.Values[i];
            dx.Values[i] = dy.Values[i] * (Cdf(x) + x * Density(x));
        }

        return dx;
    }

    static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    // Φ(x) − ½ = φ(x) (x + x³/3 + x⁵/(3·5) + …), whose terms all have one sign (Abramowitz and Stegun 26.2.11); beyond 9
    // Φ is 0 or 1 to within 2e-19.
    static double Cdf(double x)
    {
        if (Math.Abs(x) > 9)
        {
            return x < 0 ? 0 : 1;
        }

        double term = x, sum = x;
        for (int n = 3; Math.Abs(term) > 1e-18 * Math.Abs(sum); n += 2)
        {
            term *= x * x / n;
            sum += term;
        }

        return 0.5 + Density(x) * sum;
    }
}
