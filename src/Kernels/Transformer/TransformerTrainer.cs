using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Trains a <see cref="TabularTransformer"/>: forward, cross-entropy, backward, clipped AdamW, one batch a step.</summary>
/// <remarks>Owns the optimiser's state and one workspace; borrows the model. The second step of a shape allocates nothing on the device.</remarks>
public sealed class TransformerTrainer : IDisposable
{
    readonly TabularTransformer _model;
    readonly AdamWOptions _options;
    readonly SoftmaxCrossEntropy _crossEntropy;
    readonly GradientNorm _gradientNorm;
    readonly AdamW _adamW;
    readonly Workspace _workspace;
    readonly DeviceArray<float> _mean, _square, _norm;

    /// <summary>A trainer that has taken no step.</summary>
    public TransformerTrainer(TabularTransformer model, AdamWOptions options)
    {
        _model = model;
        _options = options;
        var device = model.Device;
        _crossEntropy = SoftmaxCrossEntropy.On(device);
        _gradientNorm = GradientNorm.On(device);
        _adamW = AdamW.On(device);
        _workspace = new Workspace(device);
        _mean = device.Allocate<float>(model.Parameters.Weights.Length);
        _square = device.Allocate<float>(model.Parameters.Weights.Length);
        _norm = device.Allocate<float>(1);
    }

    /// <summary>Steps taken so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Takes one step on the mean cross-entropy of the query rows and returns that mean, before the step.</summary>
    /// <param name="batch">Tables of one shape.</param>
    /// <param name="labels">Class of each query row: (tables, query rows).</param>
    /// <param name="classes">Classes of each table: only so many logits take part.</param>
    /// <param name="learningRate">This step's learning rate.</param>
    public double Step(EpisodeBatch batch, ReadOnlySpan<int> labels, ReadOnlySpan<int> classes, float learningRate)
    {
        var device = _model.Device;
        _workspace.Reset();
        using var labelArray = device.Allocate(labels);
        using var classArray = device.Allocate(classes);
        var logits = _model.Forward(batch, _workspace);
        Tensor losses = _workspace.Take(logits.Rows, 1), probabilities = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Forward(logits, labelArray, classArray, losses, probabilities);
        double loss = losses.ToArray().Average(value => (double)value);

        var dLogits = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Backward(probabilities, labelArray, dLogits);
        _model.Parameters.ClearGradients();
        _model.Backward(dLogits);

        var norm = new Tensor(_norm, 0, 1, 1);
        _gradientNorm.Measure(_model.Parameters.Gradients, norm);
        Steps++;
        _adamW.Update(
            Steps, learningRate, _options, _model.Parameters.Gradients, norm, _model.Parameters.Weights, Row(_mean), Row(_square));
        return loss;
    }

    /// <summary>A copy of the optimiser's state on the host: the running means of gradients and of their squares.</summary>
    public (float[] Mean, float[] Square) State() => (_mean.ToArray(), _square.ToArray());

    /// <summary>Continues from the state after <paramref name="steps"/> steps.</summary>
    public void Restore(int steps, ReadOnlySpan<float> mean, ReadOnlySpan<float> square)
    {
        Steps = steps;
        _mean.CopyFrom(mean);
        _square.CopyFrom(square);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _workspace.Dispose();
        _mean.Dispose();
        _square.Dispose();
        _norm.Dispose();
    }

    static Tensor Row(DeviceArray<float> block) => new(block, 0, 1, block.Length);
}
