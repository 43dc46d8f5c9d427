using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>This project's transformer.</summary>
sealed class OurTransformer : ITransformerEngine
{
    readonly ComputeDevice _device;
    readonly SoftmaxCrossEntropy _crossEntropy;
    readonly TransformerPredictor _predictor;
    readonly Workspace _workspace;
    readonly DeviceArray<int> _labels, _classes;
    readonly EpisodeBatch _batch, _context;
    readonly ReadOnlyMemory<float> _queryCells;

    public OurTransformer(TransformerCase @case, int threads, bool recompute = false)
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        Model = new TabularTransformer(_device, @case.Config) { Recompute = recompute };
        Model.Parameters.Initialize(seed: 1);
        _crossEntropy = SoftmaxCrossEntropy.On(_device);
        _predictor = new TransformerPredictor(Model);
        _workspace = new Workspace(_device);
        _batch = @case.Table();
        _context = _batch.ContextAlone();
        _queryCells = _batch.Cells[(@case.ContextRows * @case.Columns)..];
        _labels = _device.Allocate<int>(@case.QueryLabels());
        _classes = _device.Allocate<int>([@case.Config.Classes]);
    }

    public TabularTransformer Model { get; }

    public void Forward() => _predictor.Probabilities(_batch, Model.Config.Classes);

    public double ForwardBackward()
    {
        var logits = ForwardKept();
        Tensor losses = _workspace.Take(logits.Rows, 1), probabilities = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Forward(logits, _labels, _classes, losses, probabilities);
        double loss = losses.ToArray().Average(value => (double)value);
        var dLogits = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Backward(probabilities, _labels, dLogits);
        Model.Backward(dLogits);
        return loss;
    }

    /// <summary>The logits of a pass that keeps what a backward pass reads.</summary>
    public float[] Logits() => ForwardKept().ToArray();

    /// <summary>Reads the context for <see cref="PredictRow"/>.</summary>
    public ContextMemory Remember() => Model.Remember(_context, _workspace);

    /// <summary>The logits of one row.</summary>
    public float[] PredictRow(ContextMemory memory) =>
        Model.Predict(memory, 1, _queryCells[.._batch.Columns], _workspace).ToArray();

    public void Dispose()
    {
        _labels.Dispose();
        _classes.Dispose();
        _workspace.Dispose();
        _predictor.Dispose();
        Model.Dispose();
        _device.Dispose();
    }

    Tensor ForwardKept()
    {
        _workspace.Reset();
        return Model.Forward(_batch, _workspace);
    }
}
