using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Trains a <see cref="TabularTransformer"/>: forward, cross-entropy, backward, clipped AdamW, one batch a step.</summary>
/// <remarks>Owns the optimiser's state and one workspace; borrows the model. After the first step of a shape, a step allocates its labels on the device and nothing else.</remarks>
public sealed class TransformerTrainer : IDisposable
{
    readonly TabularTransformer _model;
    readonly SoftmaxCrossEntropy _crossEntropy;
    readonly AdamWOptimizer _optimizer;
    readonly Workspace _workspace;

    /// <summary>A trainer that has taken no step.</summary>
    public TransformerTrainer(TabularTransformer model, AdamWOptions options)
    {
        _model = model;
        _crossEntropy = SoftmaxCrossEntropy.On(model.Device);
        _optimizer = new AdamWOptimizer(model.Device, model.Parameters, options);
        _workspace = new Workspace(model.Device);
    }

    /// <summary>Steps taken so far.</summary>
    public int Steps => _optimizer.Steps;

    /// <summary>The norm of all gradients at the last step, before clipping; waits for the device.</summary>
    public float GradientNorm => _optimizer.GradientNorm;

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
        _model.Backward(dLogits);
        _optimizer.Step(learningRate);
        return loss;
    }

    /// <summary>A copy of the optimiser's state on the host: the running means of gradients and of their squares.</summary>
    public (float[] Mean, float[] Square) State() => _optimizer.State();

    /// <summary>Continues from the state after <paramref name="steps"/> steps.</summary>
    public void Restore(int steps, ReadOnlySpan<float> mean, ReadOnlySpan<float> square) =>
        _optimizer.Restore(steps, mean, square);

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _workspace.Dispose();
    }
}
