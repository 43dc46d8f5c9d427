using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

public class BatchNormFacts
{
    public static IEnumerable<TheoryDataRow<DeviceKind, int, int>> Cases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from size in ((int Rows, int Width)[])[(2, 1), (5, 9), (17, 43)]
        where size.Rows < 10 || kind == DeviceKind.Cpu
        select new TheoryDataRow<DeviceKind, int, int>(kind, size.Rows, size.Width);

    // Sums of at most 17 numbers of order 1, divided by a deviation of two rows that may be 0.05; worst seen 9.3e-7.
    const double Tolerance = 1e-5;

    [Theory, MemberData(nameof(Cases))]
    public void Forward_agrees_with_the_definition_and_backward_with_its_slope(DeviceKind kind, int rows, int width)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] x = Values.Draw(1, rows * width), w = Values.Draw(2, width), b = Values.Draw(3, width);
        double[] dy = Values.Draw(4, rows * width);
        Tensor y = workspace.Take(rows, width), n = workspace.Take(rows, width), dx = workspace.Take(rows, width);
        Tensor rstd = workspace.Take(1, width), mean = workspace.Take(1, width), variance = workspace.Take(1, width);
        Tensor dw = workspace.Take(1, width), db = workspace.Take(1, width);
        Tensor xs = x.On(workspace, rows, width), ws = w.On(workspace, 1, width), bs = b.On(workspace, 1, width);
        foreach (var cleared in (Tensor[])[mean, dw, db])
        {
            cleared.Clear();
        }

        variance.CopyFrom([.. Enumerable.Repeat(1f, width)]);
        var norm = BatchNorm.On(device);
        norm.Forward(xs, ws, bs, mean, variance, 0.25f, y, n, rstd);
        norm.Backward(dy.On(workspace, rows, width), n, rstd, ws, dx, dw, db);

        Assert.InRange(Values.LargestDifference(Definition(x, w, b, width), y), 0, Tolerance);
        double Loss(double[] at, double[] weight, double[] bias) => Values.Dot(dy, Definition(at, weight, bias, width));
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Loss(at, w, b), x), dx), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Loss(x, at, b), w), dw), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Loss(x, w, at), b), db), 0, Tolerance);

        // The running statistics are a quarter of the batch's and three of what they were, 0 and 1.
        var moments = Enumerable.Range(0, width).Select(j => Moments(x, width, j)).ToArray();
        Assert.InRange(Values.LargestDifference([.. moments.Select(m => 0.25 * m.Mean)], mean), 0, Tolerance);
        double[] unbiased = [.. moments.Select(m => 0.75 + 0.25 * m.Variance * rows / (rows - 1))];
        Assert.InRange(Values.LargestDifference(unbiased, variance), 0, Tolerance);
        norm.Infer(xs, ws, bs, mean, variance, y);
        double[] inferred = [.. x.Select((v, i) =>
            (v - 0.25 * moments[i % width].Mean) / Math.Sqrt(unbiased[i % width] + 1e-5) * w[i % width] + b[i % width])];
        Assert.InRange(Values.LargestDifference(inferred, y), 0, Tolerance);
    }

    static (double Mean, double Variance) Moments(double[] x, int width, int column)
    {
        double[] values = [.. x.Where((_, i) => i % width == column)];
        double mean = values.Average();
        return (mean, values.Average(v => (v - mean) * (v - mean)));
    }

    static double[] Definition(double[] x, double[] w, double[] b, int width)
    {
        var moments = Enumerable.Range(0, width).Select(j => Moments(x, width, j)).ToArray();
        return [.. x.Select((v, i) =>
            (v - moments[i % width].Mean) / Math.Sqrt(moments[i % width].Variance + 1e-5) * w[i % width] + b[i % width])];
    }
}
