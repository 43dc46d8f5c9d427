using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>A stored case on a device: each step is one forward and backward pass of its batch.</summary>
sealed class GoldenRun : IDisposable
{
    readonly GoldenCase _golden;
    readonly Workspace _workspace;
    readonly DeviceArray<int> _labels, _classes;
    readonly SoftmaxCrossEntropy _loss;

    public GoldenRun(GoldenCase golden, ComputeDevice device)
    {
        _golden = golden;
        Model = new TabularTransformer(device, golden.Config);
        golden.Load(Model.Parameters);
        _workspace = new Workspace(device);
        _labels = device.Allocate<int>(golden.Labels);
        _classes = device.Allocate<int>([golden.ClassesInLoss]);
        _loss = SoftmaxCrossEntropy.On(device);
    }

    public TabularTransformer Model { get; }

    public (float[] Logits, double Loss) Step()
    {
        _workspace.Reset();
        var logits = Model.Forward(_golden.Batch, _workspace);
        Tensor losses = _workspace.Take(logits.Rows, 1), probabilities = _workspace.Take(logits.Rows, logits.Width);
        var dLogits = _workspace.Take(logits.Rows, logits.Width);
        _loss.Forward(logits, _labels, _classes, losses, probabilities);
        _loss.Backward(probabilities, _labels, dLogits);
        Model.Backward(dLogits);
        return (logits.ToArray(), losses.ToArray().Average());
    }

    public void Dispose()
    {
        _classes.Dispose();
        _labels.Dispose();
        _workspace.Dispose();
        Model.Dispose();
    }
}
