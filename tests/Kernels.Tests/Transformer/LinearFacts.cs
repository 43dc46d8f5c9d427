using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class LinearFacts
{
    // Sums of at most 3000 products of numbers below 1: rounding grows like √3000 · 6e-8 · 3; worst seen 2e-5.
    const double Tolerance = 1e-4;

    static readonly (int Rows, int In, int Out)[] Tiny = [(1, 1, 1), (7, 5, 3), (13, 17, 19)];

    // A CPU's tiles are six rows of sixteen or 32 columns: whole ones, and what is left of them.
    static readonly (int Rows, int In, int Out)[] Larger =
    [
        (1, 33, 31), (2, 31, 33), (3, 47, 64), (4, 64, 47), (5, 32, 32), (6, 64, 64), (8, 47, 33), (9, 33, 47), (97, 33, 50), (3001, 24, 10),
    ];

    public static IEnumerable<TheoryDataRow<DeviceKind, int, int, int>> Cases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from size in kind == DeviceKind.Cpu ? [.. Tiny, .. Larger] : Tiny
        select new TheoryDataRow<DeviceKind, int, int, int>(kind, size.Rows, size.In, size.Out);

    [Theory, MemberData(nameof(Cases))]
    public void Forward_and_backward_agree_with_the_definition(DeviceKind kind, int rows, int inWidth, int outWidth)
    {
        using var device = ComputeDevice.Open(kind);
        Agrees(device, rows, inWidth, outWidth);
    }

    [Theory, InlineData("openblas"), InlineData("blis")]
    public void So_they_do_with_a_native_library(string blas)
    {
        ComputeDevice device;
        try
        {
            device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Blas = blas });
        }
        catch (DeviceUnavailableException fault)
        {
            Assert.Skip(fault.Message);
            return;
        }

        using (device)
        {
            Agrees(device, 97, 33, 50);
        }
    }

    static void Agrees(ComputeDevice device, int rows, int inWidth, int outWidth)
    {
        using var workspace = new Workspace(device);
        double[] x = Values.Draw(1, rows * inWidth), w = Values.Draw(2, outWidth * inWidth), b = Values.Draw(3, outWidth);
        double[] dy = Values.Draw(4, rows * outWidth), before = Values.Draw(5, rows * inWidth);
        double[] dwBefore = Values.Draw(6, outWidth * inWidth), dbBefore = Values.Draw(7, outWidth);
        Tensor xs = x.On(workspace, rows, inWidth), ws = w.On(workspace, outWidth, inWidth), bs = b.On(workspace, 1, outWidth);
        Tensor dys = dy.On(workspace, rows, outWidth), y = workspace.Take(rows, outWidth);
        Tensor dx = before.On(workspace, rows, inWidth), dAdded = before.On(workspace, rows, inWidth);
        Tensor dw = dwBefore.On(workspace, outWidth, inWidth), db = dbBefore.On(workspace, 1, outWidth);

        var linear = Linear.On(device);
        linear.Forward(xs, ws, bs, y);
        linear.Backward(dys, xs, ws, dx, dw, db);
        linear.Backward(dys, xs, ws, dAdded, workspace.Take(outWidth, inWidth), workspace.Take(1, outWidth), accumulate: true);

        double[] ey = new double[rows * outWidth], edx = new double[rows * inWidth];
        double[] edw = (double[])dwBefore.Clone(), edb = (double[])dbBefore.Clone();
        for (int r = 0; r < rows; r++)
        {
            for (int o = 0; o < outWidth; o++)
            {
                ey[r * outWidth + o] = b[o];
                edb[o] += dy[r * outWidth + o];
                for (int i = 0; i < inWidth; i++)
                {
                    ey[r * outWidth + o] += x[r * inWidth + i] * w[o * inWidth + i];
                    edx[r * inWidth + i] += dy[r * outWidth + o] * w[o * inWidth + i];
                    edw[o * inWidth + i] += dy[r * outWidth + o] * x[r * inWidth + i];
                }
            }
        }

        Assert.InRange(Values.LargestDifference(ey, y), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(edx, dx), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(edx.Plus(before), dAdded), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(edw, dw), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(edb, db), 0, Tolerance);
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        const int Rows = 5000, In = 40, Out = 70; // three slices of rows, two tasks of outputs
        var results = new[] { 1, 2 }.Select(threads =>
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            using var workspace = new Workspace(device);
            Tensor x = Values.Draw(1, Rows * In).On(workspace, Rows, In), dy = Values.Draw(2, Rows * Out).On(workspace, Rows, Out);
            Tensor dw = new double[Out * In].On(workspace, Out, In), db = new double[Out].On(workspace, 1, Out);
            Linear.On(device).BackwardWeights(dy, x, dw, db);
            return (float[])[.. dw.ToArray(), .. db.ToArray()];
        }).ToArray();

        Assert.Equal(results[0], results[1]);
    }
}
