using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Turns gradients into better weights, step after step, and holds what must be remembered between steps.</summary>
public abstract class Optimizer : IDisposable
{
    readonly GradientNorm _measure;
    readonly DeviceArray<float> _norm;

    private protected Optimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
    {
        Parameters = parameters;
        Options = options;
        _measure = Transformer.GradientNorm.On(device);
        _norm = device.Allocate<float>(1);
    }

    /// <summary>What is being trained.</summary>
    public Parameters Parameters { get; }

    /// <summary>Decay rates and clipping.</summary>
    public AdamWOptions Options { get; }

    /// <summary>Steps taken.</summary>
    public int Steps { get; private protected set; }

    /// <summary>The norm of all gradients at the last step, before clipping; waits for the device.</summary>
    public float GradientNorm => _norm.ToArray()[0];

    private protected Tensor Norm => new(_norm, 0, 1, 1);

    /// <summary>Takes one step along the gradients and clears them.</summary>
    public void Step(float learningRate)
    {
        _measure.Measure(Parameters.Gradients, Norm);
        Update(++Steps, learningRate);
        Parameters.ClearGradients();
    }

    private protected abstract void Update(int number, float learningRate);

    /// <summary>A flat block as one row.</summary>
    private protected static Tensor Row(DeviceArray<float> block) => new(block, 0, 1, block.Length);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        _norm.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Trains with <see cref="AdamW"/>.</summary>
public sealed class AdamWOptimizer : Optimizer
{
    readonly AdamW _adamW;
    readonly DeviceArray<float> _mean, _square;

    /// <summary>An optimiser of <paramref name="parameters"/>, at step 0.</summary>
    public AdamWOptimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
        : base(device, parameters, options)
    {
        _adamW = AdamW.On(device);
        _mean = device.Allocate<float>(parameters.Weights.Length);
        _square = device.Allocate<float>(parameters.Weights.Length);
    }

    private protected override void Update(int number, float learningRate) => _adamW.Update(
        number, learningRate, Options, Parameters.Gradients, Norm, Parameters.Weights, Row(_mean), Row(_square));

    /// <summary>A copy of the state on the host: the running means of gradients and of their squares.</summary>
    public (float[] Mean, float[] Square) State() => (_mean.ToArray(), _square.ToArray());

    /// <summary>Continues from the state after <paramref name="steps"/> steps.</summary>
    public void Restore(int steps, ReadOnlySpan<float> mean, ReadOnlySpan<float> square)
    {
        Steps = steps;
        _mean.CopyFrom(mean);
        _square.CopyFrom(square);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _mean.Dispose();
        _square.Dispose();
        base.Dispose();
    }
}

/// <summary>Trains with <see cref="ScheduleFreeAdamW"/>.</summary>
/// <remarks>Predict and save between <see cref="ShowAverage"/> and <see cref="Resume"/> only.</remarks>
public sealed class ScheduleFreeOptimizer : Optimizer
{
    readonly ScheduleFreeAdamW _adamW;
    readonly DeviceArray<float> _fast, _square;
    float _largestRate;
    double _weightSum;
    bool _average;

    /// <summary>An optimiser of <paramref name="parameters"/>, at step 0.</summary>
    public ScheduleFreeOptimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
        : base(device, parameters, options)
    {
        _adamW = ScheduleFreeAdamW.On(device);
        _fast = device.Allocate<float>(parameters.Weights.Storage.ToArray());
        _square = device.Allocate<float>(parameters.Weights.Length);
    }

    private protected override void Update(int number, float learningRate)
    {
        if (_average)
        {
            throw new InvalidOperationException("The weights show the average; call Resume before the next step.");
        }

        _largestRate = Math.Max(_largestRate, learningRate);
        double weight = (double)_largestRate * _largestRate;
        _weightSum += weight;
        float share = _weightSum == 0 ? 1 : (float)(weight / _weightSum);
        _adamW.Update(
            number, learningRate, share, Options, Parameters.Gradients, Norm, Parameters.Weights, Row(_fast), Row(_square));
    }

    /// <summary>Puts the running average, the result of the training so far, into the weights.</summary>
    public void ShowAverage() => Blend(average: true, 1 - 1 / Options.Beta1);

    /// <summary>Puts back the weights at which gradients are taken.</summary>
    public void Resume() => Blend(average: false, 1 - Options.Beta1);

    void Blend(bool average, float share)
    {
        if (_average != average)
        {
            _adamW.Blend(share, Parameters.Weights, Row(_fast));
            _average = average;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _fast.Dispose();
        _square.Dispose();
        base.Dispose();
    }
}
