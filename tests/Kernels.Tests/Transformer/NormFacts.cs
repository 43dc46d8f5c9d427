using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class NormFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Forward_agrees_with_the_definition(DeviceKind kind)
    {
        using var run = new Run(kind, rows: 5, width: 97);
        Assert.InRange(Values.LargestDifference(Definition(run.X, run.Residual, run.Weight, run.Bias), run.Y), 0, 2e-6);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Backward_agrees_with_central_differences(DeviceKind kind)
    {
        using var run = new Run(kind, rows: 3, width: 21);
        var (dz, dWeight, dBias) = run.Backward();

        double Loss(double[] x, double[] weight, double[] bias) =>
            Values.Dot(Definition(x, run.Residual, weight, bias), run.Dy);

        Assert.InRange(Values.LargestDifference(Values.Gradient(x => Loss(x, run.Weight, run.Bias), run.X), dz), 0, 5e-6);
        Assert.InRange(Values.LargestDifference(Values.Gradient(w => Loss(run.X, w, run.Bias), run.Weight), dWeight), 0, 5e-6);
        Assert.InRange(Values.LargestDifference(Values.Gradient(b => Loss(run.X, run.Weight, b), run.Bias), dBias), 0, 5e-6);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_constant_row_becomes_the_bias(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var x = Enumerable.Repeat(0.3, 19).ToArray().On(workspace, 1, 19);
        Tensor bias = Values.Draw(1, 19).On(workspace, 1, 19), y = workspace.Take(1, 19);
        Norm.On(device, NormKind.LayerNorm).Forward(x, x, bias, bias, y, workspace.Take(1, 19), workspace.Take(1, 1));

        // The mean of equal numbers is off by a rounding at most, which ρ = 316 multiplies.
        Assert.InRange(Values.LargestDifference(Values.Draw(1, 19), y), 0, 5e-5);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Without_mean_residual_or_weights_it_is_the_root_mean_square(DeviceKind kind)
    {
        const int Rows = 4, Width = 21;
        double[] x = Values.Draw(1, Rows * Width), dy = Values.Draw(2, Rows * Width), before = Values.Draw(3, Rows * Width);
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var norm = Norm.On(device, NormKind.RmsNorm);
        Tensor y = workspace.Take(Rows, Width), rstd = workspace.Take(Rows, 1);
        norm.Forward(x.On(workspace, Rows, Width), null, null, null, y, y, rstd);
        Assert.InRange(Values.LargestDifference(RootMeanSquare(x, Width), y), 0, 2e-6);

        // A gradient that is added to what is there.
        var dz = before.On(workspace, Rows, Width);
        norm.Backward(dy.On(workspace, Rows, Width), y, rstd, null, dz, null, null, accumulate: true);
        double[] expected = Values.Gradient(at => Values.Dot(RootMeanSquare(at, Width), dy), x).Plus(before);
        Assert.InRange(Values.LargestDifference(expected, dz), 0, 5e-6);
    }

    // Zhang and Sennrich (2019).
    static double[] RootMeanSquare(double[] x, int width) => [.. x.Select((value, i) =>
        value / Math.Sqrt(x.Skip(i / width * width).Take(width).Average(v => v * v) + Norm.RmsNormEpsilon))];

    sealed class Run : IDisposable
    {
        readonly ComputeDevice _device;
        readonly Workspace _workspace;
        readonly Norm _norm;
        readonly Tensor _weight, _normalized, _rstd;
        readonly int _rows, _width;

        public Run(DeviceKind kind, int rows, int width)
        {
            (_rows, _width) = (rows, width);
            _device = ComputeDevice.Open(kind);
            _workspace = new Workspace(_device);
            _norm = Norm.On(_device, NormKind.LayerNorm);
            (X, Residual, Dy) = (Values.Draw(1, rows * width), Values.Draw(2, rows * width), Values.Draw(3, rows * width));
            (Weight, Bias) = (Values.Draw(4, width), Values.Draw(5, width));
            _weight = Weight.On(_workspace, 1, width);
            _rstd = _workspace.Take(rows, 1);
            _normalized = X.On(_workspace, rows, width); // in place: x is normalized's own storage
            var y = _workspace.Take(rows, width);
            _norm.Forward(
                _normalized, Residual.On(_workspace, rows, width), _weight, Bias.On(_workspace, 1, width), y, _normalized, _rstd);
            Y = y;
        }

        public double[] X { get; }

        public double[] Residual { get; }

        public double[] Dy { get; }

        public double[] Weight { get; }

        public double[] Bias { get; }

        public Tensor Y { get; }

        public (Tensor Dz, Tensor DWeight, Tensor DBias) Backward()
        {
            var dz = Dy.On(_workspace, _rows, _width); // in place: dz is dy's own storage
            Tensor dWeight = new double[_width].On(_workspace, 1, _width), dBias = new double[_width].On(_workspace, 1, _width);
            _norm.Backward(dz, _normalized, _rstd, _weight, dz, dWeight, dBias);
            return (dz, dWeight, dBias);
        }

        public void Dispose()
        {
            _workspace.Dispose();
            _device.Dispose();
        }
    }

    // Ba, Kiros, Hinton (2016), after a residual sum.
    static double[] Definition(double[] x, double[] residual, double[] weight, double[] bias)
    {
        int width = weight.Length;
        var y = new double[x.Length];
        for (int row = 0; row < x.Length / width; row++)
        {
            var z = Enumerable.Range(row * width, width).Select(i => x[i] + residual[i]).ToArray();
            double mean = z.Average(), deviation = Math.Sqrt(z.Average(v => (v - mean) * (v - mean)) + Norm.LayerNormEpsilon);
            for (int i = 0; i < width; i++)
            {
                y[row * width + i] = (z[i] - mean) / deviation * weight[i] + bias[i];
            }
        }

        return y;
    }
}
