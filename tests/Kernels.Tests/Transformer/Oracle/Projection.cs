namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>y = x Wᵀ + b, W being (outputs, inputs); without b where <paramref name="bias"/> is null.</summary>
sealed class Projection(NamedWeights weights, string weight, string? bias, int outputs) : Stage
{
    Matrix _x = new(0, 0);

    public override Matrix Forward(Matrix x)
    {
        _x = x;
        double[] w = weights.Weight(weight), b = bias is null ? new double[outputs] : weights.Weight(bias);
        Assert.Equal(outputs * x.Width, w.Length);
        var y = new Matrix(x.Rows, outputs);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int o = 0; o < outputs; o++)
            {
                y[row, o] = b[o] + Dot(x.Row(row), w.AsSpan(o * x.Width, x.Width));
            }
        }

        return y;
    }

    public override Matrix Backward(Matrix dy)
    {
        double[] w = weights.Weight(weight), dw = weights.Gradient(weight);
        double[] db = bias is null ? new double[outputs] : weights.Gradient(bias);
        var dx = new Matrix(_x.Rows, _x.Width);
        for (int row = 0; row < dy.Rows; row++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double d = dy[row, o];
                AddScaled(dx.Row(row), d, w.AsSpan(o * _x.Width, _x.Width));
                AddScaled(dw.AsSpan(o * _x.Width, _x.Width), d, _x.Row(row));
                db[o] += d;
            }
        }

        return dx;
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> source)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] += factor * source[i];
        }
    }
}
