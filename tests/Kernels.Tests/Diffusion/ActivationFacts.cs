using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

public class ActivationFacts
{
    static readonly double[] X = [.. Enumerable.Range(0, 203).Select(i => (double)(float)(-12 + i * 0.1191)), 0, 60, -60];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Silu_agrees_with_its_definition_and_its_slope(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] dy = Values.Draw(1, X.Length);
        Tensor x = X.On(workspace, 1, X.Length), y = workspace.Take(1, X.Length), dx = dy.On(workspace, 1, X.Length);
        var silu = Silu.On(device);
        silu.Forward(x, y);

        // The exponential is good to 1e-7 of its value, and x multiplies it.
        Assert.InRange(Values.LargestDifference(Array.ConvertAll(X, Definition), y), 0, 4e-6);
        double[] slopes = [.. X.Select((v, i) => dy[i] * (Definition(v + 1e-5) - Definition(v - 1e-5)) / 2e-5)];
        silu.Backward(dx, x, dx);
        Assert.InRange(Values.LargestDifference(slopes, dx), 0, 1e-6);
        silu.Backward(dy.On(workspace, 1, X.Length), x, dx, accumulate: true);
        Assert.InRange(Values.LargestDifference(Array.ConvertAll(slopes, slope => 2 * slope), dx), 0, 2e-6);

        static double Definition(double v) => v / (1 + Math.Exp(-v));
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Relu_passes_what_is_above_zero(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] dy = Values.Draw(1, X.Length);
        Tensor x = X.On(workspace, 1, X.Length), dx = dy.On(workspace, 1, X.Length);
        var relu = Relu.On(device);
        relu.Forward(x, x);
        Assert.Equal(Array.ConvertAll(X, v => (float)Math.Max(v, 0)), x.ToArray());
        relu.Backward(dx, x, dx);
        Assert.Equal(X.Select((v, i) => v > 0 ? (float)dy[i] : 0), dx.ToArray());
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_lookup_adds_the_row_named_and_its_gradient_sums_the_rows_that_named_it(DeviceKind kind)
    {
        const int entries = 3, width = 37, rows = 9;
        int[] index = [2, 0, 2, 2, 0, 2, 0, 0, 2];
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var places = device.Allocate<int>(index);
        double[] table = Values.Draw(1, entries * width), start = Values.Draw(2, rows * width);
        Tensor y = start.On(workspace, rows, width), dTable = workspace.Take(entries, width);
        dTable.CopyFrom([.. Enumerable.Repeat(1f, entries * width)]);
        var lookup = RowLookup.On(device);
        lookup.Forward(table.On(workspace, entries, width), places, y);
        lookup.Backward(start.On(workspace, rows, width), places, dTable);
        double[] expected = [.. start.Select((v, i) => v + table[index[i / width] * width + i % width])];
        double[] sums = [.. Enumerable.Range(0, entries * width).Select(i =>
            1 + Enumerable.Range(0, rows).Where(row => index[row] == i / width).Sum(row => start[row * width + i % width]))];
        Assert.InRange(Values.LargestDifference(expected, y), 0, 2e-7);
        Assert.InRange(Values.LargestDifference(sums, dTable), 0, 1e-6);
    }
}
