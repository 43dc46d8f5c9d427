using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

/// <summary>The small operations on rows: copying columns, points between rows, and the penalty on a slope.</summary>
public class RowOperationFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Columns_are_copied_or_added(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] source = Values.Draw(1, 3 * 5), target = Values.Draw(2, 3 * 7);
        Tensor copied = target.On(workspace, 3, 7), added = target.On(workspace, 3, 7), from = source.On(workspace, 3, 5);
        var columns = ColumnCopy.On(device);
        columns.Copy(from, 1, copied, 4, 3);
        columns.Copy(from, 1, added, 4, 3, accumulate: true);
        double[] Expected(double kept) => [.. target.Select((value, i) =>
            i % 7 >= 4 ? kept * value + source[i / 7 * 5 + 1 + i % 7 - 4] : value)];
        Assert.InRange(Values.LargestDifference(Expected(0), copied), 0, 0);
        Assert.InRange(Values.LargestDifference(Expected(1), added), 0, 1.2e-7);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_blend_lies_where_its_row_says(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] a = Values.Draw(1, 27), b = Values.Draw(2, 27), t = [0, 0.25, 1];
        var y = workspace.Take(3, 9);
        RowBlend.On(device).Between(a.On(workspace, 3, 9), b.On(workspace, 3, 9), t.On(workspace, 3, 1), y);
        Assert.InRange(Values.LargestDifference([.. a.Select((v, i) => v + t[i / 9] * (b[i] - v))], y), 0, 2.4e-7);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_penalty_agrees_with_its_definition_and_its_slope_and_bears_a_slope_of_zero(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] g = [.. Values.Draw(1, 18), .. new double[9]];
        Tensor v = workspace.Take(3, 9), penalties = workspace.Take(3, 1);
        GradientPenalty.On(device).Measure(g.On(workspace, 3, 9), 10, v, penalties);
        double[] Definition(double[] at) => [.. at.Chunk(9).Select(row =>
            10 * Math.Pow(Math.Sqrt(row.Sum(x => x * x)) - 1, 2) / 3)];
        double[] slope = [.. Values.Gradient(at => Definition([.. at, .. new double[9]]).Sum(), g[..18]), .. new double[9]];

        // Numbers of order 10 after sums of nine squares; worst seen 2.3e-7.
        Assert.InRange(Values.LargestDifference(Definition(g), penalties), 0, 2e-6);
        Assert.InRange(Values.LargestDifference(slope, v), 0, 2e-6);
    }
}
