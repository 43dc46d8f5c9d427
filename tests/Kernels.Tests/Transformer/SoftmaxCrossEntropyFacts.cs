using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class SoftmaxCrossEntropyFacts
{
    const int Rows = 6, Width = 5;

    static readonly int[] Classes = [3, 5]; // of three rows each
    static readonly int[] Labels = [0, 2, 1, 4, 0, 3];
    static readonly double[] Logits = [.. Values.Draw(1, Rows * Width).Select(v => v * 20)];

    static readonly double[] Soft = [.. Enumerable.Range(0, Rows).SelectMany(row =>
    {
        int n = Classes[row / 3];
        var share = Enumerable.Range(0, Width).Select(k => k < n ? 1.0 + (row * 7 + k * 3) % 4 : 0).ToArray();
        return share.Select(v => (double)(float)(v / share.Sum()));
    })];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Loss_and_gradient_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var labels = device.Allocate<int>(Labels);
        using var classes = device.Allocate<int>(Classes);
        Tensor logits = Logits.On(workspace, Rows, Width), losses = workspace.Take(Rows, 1), probabilities = workspace.Take(Rows, Width);
        var gradient = workspace.Take(Rows, Width);
        var operation = SoftmaxCrossEntropy.On(device);
        operation.Forward(logits, labels, classes, losses, probabilities);
        operation.Backward(probabilities, labels, gradient);

        double[] hard = [.. Enumerable.Range(0, Rows * Width).Select(i => i % Width == Labels[i / Width] ? 1.0 : 0)];
        Agrees(hard, losses, gradient);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Soft_labels_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var classes = device.Allocate<int>(Classes);
        Tensor logits = Logits.On(workspace, Rows, Width), soft = Soft.On(workspace, Rows, Width);
        Tensor losses = workspace.Take(Rows, 1), probabilities = workspace.Take(Rows, Width), gradient = workspace.Take(Rows, Width);
        var operation = SoftmaxCrossEntropy.On(device);
        operation.Forward(logits, soft, classes, losses, probabilities);
        operation.Backward(probabilities, soft, gradient);
        Agrees(Soft, losses, gradient);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Certain_soft_labels_give_the_bits_of_hard_ones(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var labels = device.Allocate<int>(Labels);
        using var classes = device.Allocate<int>(Classes);
        Tensor logits = Logits.On(workspace, Rows, Width), losses = workspace.Take(Rows, 1), probabilities = workspace.Take(Rows, Width);
        Tensor gradient = workspace.Take(Rows, Width), certain = workspace.Take(Rows, Width);
        certain.CopyFrom([.. Enumerable.Range(0, Rows * Width).Select(i => i % Width == Labels[i / Width] ? 1f : 0)]);
        var operation = SoftmaxCrossEntropy.On(device);
        operation.Forward(logits, labels, classes, losses, probabilities);
        operation.Backward(probabilities, labels, gradient, 0.7f);
        var (hardLosses, hardGradient) = (losses.ToArray(), gradient.ToArray());
        operation.Forward(logits, certain, classes, losses, probabilities);
        operation.Backward(probabilities, certain, gradient, 0.7f);
        Assert.Equal(hardLosses, losses.ToArray());
        Assert.Equal(hardGradient, gradient.ToArray());
    }

    // Losses of up to 40 in floats; probabilities and gradients below 1.
    static void Agrees(double[] target, Tensor losses, Tensor gradient)
    {
        Assert.InRange(Values.LargestDifference(Losses(Logits, target), losses), 0, 1e-5);
        Assert.InRange(Values.LargestDifference(Values.Gradient(z => Losses(z, target).Average(), Logits), gradient), 0, 1e-6);
    }

    static double[] Losses(double[] logits, double[] target) => [.. Enumerable.Range(0, Rows).Select(row =>
    {
        var z = logits.AsSpan(row * Width, Classes[row / 3]).ToArray();
        double logSum = z.Max() + Math.Log(z.Sum(v => Math.Exp(v - z.Max())));
        return z.Select((v, k) => target[row * Width + k] * (logSum - v)).Sum();
    })];
}
