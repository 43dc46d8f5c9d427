using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Trains a <see cref="TabularTransformer"/>: forward, cross-entropy and backward of one batch or several, then one step.</summary>
/// <remarks>
/// Owns the optimiser's state and one workspace; borrows the model. After the first step of a shape, a step allocates its
/// labels on the device and nothing else.
/// </remarks>
public sealed class TransformerTrainer : IDisposable
{
    readonly TabularTransformer _model;
    readonly SoftmaxCrossEntropy _crossEntropy;
    readonly Workspace _workspace;
    int _pending;

    /// <summary>A trainer that has taken no step.</summary>
    public TransformerTrainer(TabularTransformer model, OptimizerOptions options)
    {
        _model = model;
        _crossEntropy = SoftmaxCrossEntropy.On(model.Device);
        Optimizer = Optimizer.Of(model.Device, model.Parameters, options);
        _workspace = new Workspace(model.Device);
    }

    /// <summary>What takes the steps: its result is shown and its training resumed here.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>Steps taken so far.</summary>
    public int Steps => Optimizer.Steps;

    /// <summary>The norm of all gradients at the last step, before clipping; waits for the device.</summary>
    public float GradientNorm => Optimizer.GradientNorm;

    /// <summary>Bytes of the workspace.</summary>
    internal long ArenaBytes => _workspace.Bytes;

    /// <summary>Takes one step on the mean cross-entropy of the query rows and returns that mean, before the step.</summary>
    /// <param name="batch">Tables of one shape.</param>
    /// <param name="labels">Class of each query row: (tables, query rows).</param>
    /// <param name="classes">Classes of each table: only so many logits take part.</param>
    /// <param name="learningRate">This step's learning rate.</param>
    public double Step(EpisodeBatch batch, ReadOnlySpan<int> labels, ReadOnlySpan<int> classes, float learningRate)
    {
        double loss = Accumulate(batch, labels, classes);
        Update(learningRate);
        return loss;
    }

    /// <summary>Takes one step on the mean cross-entropy of the query rows' soft labels and returns that mean, before the step.</summary>
    /// <param name="batch">Tables of one shape.</param>
    /// <param name="softLabels">Probabilities of each query row's classes: (tables, query rows, classes of the model), 0 past a table's.</param>
    /// <param name="classes">Classes of each table: only so many logits take part.</param>
    /// <param name="learningRate">This step's learning rate.</param>
    public double Step(EpisodeBatch batch, ReadOnlySpan<float> softLabels, ReadOnlySpan<int> classes, float learningRate)
    {
        double loss = Accumulate(batch, softLabels, classes);
        Update(learningRate);
        return loss;
    }

    /// <summary>
    /// Adds the gradient of <paramref name="weight"/> times the mean cross-entropy of the query rows to that of the next
    /// <see cref="Update"/>, and returns the mean itself: so one step can learn from tables of several shapes.
    /// </summary>
    /// <param name="batch">Tables of one shape.</param>
    /// <param name="labels">Class of each query row: (tables, query rows).</param>
    /// <param name="classes">Classes of each table: only so many logits take part.</param>
    /// <param name="weight">Share of this batch in the step; those of a step add up to 1.</param>
    public double Accumulate(EpisodeBatch batch, ReadOnlySpan<int> labels, ReadOnlySpan<int> classes, float weight = 1)
    {
        using var labelArray = _model.Device.Allocate(labels);
        using var classArray = _model.Device.Allocate(classes);
        var (logits, losses, probabilities) = Forward(batch);
        _crossEntropy.Forward(logits, labelArray, classArray, losses, probabilities);
        double loss = losses.ToArray().Average(value => (double)value);

        var dLogits = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Backward(probabilities, labelArray, dLogits, weight);
        Backward(dLogits);
        return loss;
    }

    /// <summary>The same for soft labels, whose certain rows give the bits that hard ones give.</summary>
    /// <param name="batch">Tables of one shape.</param>
    /// <param name="softLabels">Probabilities of each query row's classes: (tables, query rows, classes of the model), 0 past a table's.</param>
    /// <param name="classes">Classes of each table: only so many logits take part.</param>
    /// <param name="weight">Share of this batch in the step; those of a step add up to 1.</param>
    public double Accumulate(EpisodeBatch batch, ReadOnlySpan<float> softLabels, ReadOnlySpan<int> classes, float weight = 1)
    {
        using var classArray = _model.Device.Allocate(classes);
        var (logits, losses, probabilities) = Forward(batch);
        var targets = _workspace.Take(logits.Rows, logits.Width);
        targets.CopyFrom(softLabels);
        _crossEntropy.Forward(logits, targets, classArray, losses, probabilities);
        double loss = losses.ToArray().Average(value => (double)value);

        var dLogits = _workspace.Take(logits.Rows, logits.Width);
        _crossEntropy.Backward(probabilities, targets, dLogits, weight);
        Backward(dLogits);
        return loss;
    }

    (Tensor Logits, Tensor Losses, Tensor Probabilities) Forward(EpisodeBatch batch)
    {
        _workspace.Reset();
        var logits = _model.Forward(batch, _workspace);
        return (logits, _workspace.Take(logits.Rows, 1), _workspace.Take(logits.Rows, logits.Width));
    }

    void Backward(Tensor dLogits)
    {
        _model.Backward(dLogits);
        _pending++;
    }

    /// <summary>Takes one step along the gradients that were accumulated.</summary>
    public void Update(float learningRate)
    {
        if (_pending == 0)
        {
            throw new InvalidOperationException("No gradients were accumulated for this step.");
        }

        Optimizer.Step(learningRate);
        _pending = 0;
    }

    /// <summary>A copy of the optimiser's state on the host: with the weights, all that <see cref="Restore"/> continues from.</summary>
    public TrainingState State() => _pending == 0
        ? Optimizer.State()
        : throw new InvalidOperationException("Gradients wait for their step, and the state has no place for them; call Update first.");

    /// <summary>Continues from a state of a trainer with the same options, once the model has the weights of that step.</summary>
    public void Restore(TrainingState state)
    {
        _model.Parameters.ClearGradients();
        _pending = 0;
        Optimizer.Restore(state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _workspace.Dispose();
    }
}
