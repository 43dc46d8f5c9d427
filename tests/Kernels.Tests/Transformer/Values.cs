using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>Tensors of a test: drawn from a literal seed, put on a device, compared with a definition in double.</summary>
static class Values
{
    public static double[] Draw(int seed, int count)
    {
        var random = new Random(seed);

        // Rounded to floats, so that the device and the definition read the same numbers.
        return [.. Enumerable.Range(0, count).Select(_ => (double)(random.NextSingle() * 2 - 1))];
    }

    public static Tensor On(this double[] values, Workspace workspace, int rows, int width)
    {
        var tensor = workspace.Take(rows, width);
        tensor.CopyFrom(Array.ConvertAll(values, value => (float)value));
        return tensor;
    }

    public static double LargestDifference(double[] expected, Tensor actual) => LargestDifference(expected, actual.ToArray());

    public static double LargestDifference(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.DoesNotContain(actual, float.IsNaN);
        return expected.Zip(actual, (a, b) => Math.Abs(a - b)).DefaultIfEmpty().Max();
    }

    /// <summary>The gradient of a scalar function by central differences: the truth that Backward is held to.</summary>
    /// <remarks>With h = 1e-5 in double, truncation and rounding are both below 1e-9 for values of order 1.</remarks>
    public static double[] Gradient(Func<double[], double> loss, double[] at)
    {
        const double h = 1e-5;
        var x = (double[])at.Clone();
        var gradient = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double here = x[i];
            x[i] = here + h;
            double up = loss(x);
            x[i] = here - h;
            gradient[i] = (up - loss(x)) / (2 * h);
            x[i] = here;
        }

        return gradient;
    }

    public static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    public static double[] Plus(this double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
