using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer.Oracle;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class GeluFacts
{
    // From −8 to 8 in steps that divide nothing: both ranges of the error function, its joint and its saturation.
    static readonly double[] X = [.. Enumerable.Range(0, 203).Select(i => (double)(float)(-8 + i * 0.0791)), 0, 1e-20, -1e-20];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Forward_and_backward_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var dy = Values.Draw(1, X.Length);
        Tensor x = X.On(workspace, 1, X.Length), y = workspace.Take(1, X.Length), dx = dy.On(workspace, 1, X.Length);
        var gelu = Gelu.On(device);
        gelu.Forward(x, y);
        gelu.Backward(dx, x, dx);

        // Φ is good to 1e-7, and x multiplies it; slopes are at most 1.13.
        double[] expected = [.. X.Select(v => v * Cdf(v))];
        double[] slopes = [.. X.Select((v, i) => dy[i] * (Cdf(v) + v * Math.Exp(-v * v / 2) / Math.Sqrt(2 * Math.PI)))];
        Assert.InRange(Values.LargestDifference(expected, y), 0, 5e-7);
        Assert.InRange(Values.LargestDifference(slopes, dx), 0, 5e-7);
    }

    // PyTorch's in double precision, of the same numbers: the tolerance of the definition's.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Forward_and_backward_are_those_of_PyTorch(DeviceKind kind)
    {
        var stored = new SafeTensorsFile("tfm", "helpers");
        double[] values = stored["gelu.in"], ones = Array.ConvertAll(values, _ => 1.0);
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Tensor x = values.On(workspace, 1, values.Length), y = workspace.Take(1, values.Length), dx = ones.On(workspace, 1, values.Length);
        var gelu = Gelu.On(device);
        gelu.Forward(x, y);
        gelu.Backward(dx, x, dx);
        Assert.InRange(Values.LargestDifference(stored["gelu.out"], y), 0, 5e-7);
        Assert.InRange(Values.LargestDifference(stored["gelu.grad"], dx), 0, 5e-7);
    }

    // Φ by its series where it converges fast and by its continued fraction in the tails (Abramowitz and Stegun 26.2.10, .14).
    static double Cdf(double x)
    {
        double density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        if (Math.Abs(x) < 4)
        {
            double term = x, sum = x;
            for (int n = 3; n < 200; n += 2)
            {
                term *= x * x / n;
                sum += term;
            }

            return 0.5 + density * sum;
        }

        double fraction = Math.Abs(x);
        for (int k = 100; k >= 1; k--)
        {
            fraction = Math.Abs(x) + k / fraction;
        }

        return x < 0 ? density / fraction : 1 - density / fraction;
    }
}
