using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>A stored batch on a device: each step is one forward and backward pass of it.</summary>
sealed class GoldenRun : IDisposable
{
    readonly EpisodeBatch _batch;
    readonly Workspace _workspace;
    readonly DeviceArray<int> _labels, _classes;
    readonly SoftmaxCrossEntropy _loss;

    public GoldenRun(GoldenCase golden, ComputeDevice device)
        : this(new TabularTransformer(device, golden.Config), golden.Batch, golden.Labels, golden.ClassesInLoss) =>
        golden.Load(Model.Parameters);

    /// <summary>A run of a model, which is disposed with it.</summary>
    public GoldenRun(TabularTransformer model, EpisodeBatch batch, int[] labels, int classesInLoss)
    {
        (Model, _batch) = (model, batch);
        _workspace = new Workspace(model.Device);
        _labels = model.Device.Allocate<int>(labels);
        _classes = model.Device.Allocate<int>([classesInLoss]);
        _loss = SoftmaxCrossEntropy.On(model.Device);
    }

    public TabularTransformer Model { get; }

    public (float[] Logits, double Loss) Step()
    {
        _workspace.Reset();
        var logits = Model.Forward(_batch, _workspace);
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
