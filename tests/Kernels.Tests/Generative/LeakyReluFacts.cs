using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

public class LeakyReluFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Forward_and_backward_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] x = [.. Values.Draw(1, 34), 0], dy = Values.Draw(2, 35);
        double[] kept = [.. Enumerable.Range(0, 35).Select(i => i % 3 == 0 ? 0.0 : 2)];
        var relu = LeakyRelu.On(device);
        foreach (var (leak, masked) in ((float, bool)[])[(0.2f, true), (0.2f, false), (0, false)])
        {
            Tensor xs = x.On(workspace, 5, 7), y = workspace.Take(5, 7), s = workspace.Take(5, 7), dx = workspace.Take(5, 7);
            relu.Forward(xs, masked ? kept.On(workspace, 5, 7) : null, leak, y, s);
            relu.Backward(dy.On(workspace, 5, 7), s, dx);
            double[] slopes = [.. x.Select((v, i) => (v > 0 ? 1 : leak) * (masked ? kept[i] : 1))];

            // Two products of numbers below 2: rounding is below 2 · 6e-8 · 2.
            Assert.InRange(Values.LargestDifference([.. x.Select((v, i) => v * slopes[i])], y), 0, 3e-7);
            Assert.InRange(Values.LargestDifference([.. dy.Select((v, i) => v * slopes[i])], dx), 0, 3e-7);
        }
    }
}
