using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>An average of the weights that a training run passes through: a better result than its last step's, for nothing.</summary>
/// <remarks>Call <see cref="Observe"/> after each step; predict and save between <see cref="ShowResult"/> and <see cref="HideResult"/>.</remarks>
public abstract class WeightAverage : IDisposable
{
    float[]? _trained;

    private protected WeightAverage(Parameters parameters) => Parameters = parameters;

    /// <summary>What is being trained.</summary>
    public Parameters Parameters { get; }

    /// <summary>Steps observed.</summary>
    public int Steps { get; private protected set; }

    /// <summary>Takes notice of the weights after a step.</summary>
    public void Observe()
    {
        ThrowIfShown();
        Steps++;
        Add();
    }

    /// <summary>Puts the average into the weights; before anything was averaged they stay as they are.</summary>
    public void ShowResult()
    {
        if (_trained is null)
        {
            _trained = Parameters.Weights.ToArray();
            if (Average() is { } average)
            {
                Parameters.Weights.CopyFrom(average);
            }
        }
    }

    /// <summary>Puts back the weights that train, bit for bit.</summary>
    public void HideResult()
    {
        if (_trained is not null)
        {
            Parameters.Weights.CopyFrom(_trained);
            _trained = null;
        }
    }

    /// <summary>A copy of the state on the host: all that <see cref="Restore"/> continues from, bit for bit.</summary>
    public abstract TrainingState State();

    /// <summary>Continues from a state of the same kind of average.</summary>
    /// <exception cref="ArgumentException">The state is of another average or model.</exception>
    public abstract void Restore(TrainingState state);

    private protected abstract void Add();

    // The average on the host, laid out as the weights; null before there is one.
    private protected abstract float[]? Average();

    void ThrowIfShown()
    {
        if (_trained is not null)
        {
            throw new InvalidOperationException("The weights show the average; call HideResult first.");
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>The mean of the last snapshots of the weights, taken every so many steps.</summary>
/// <remarks>
/// LAWA: Kaddour (2022), "Stop wasting my time! Saving days of ImageNet and BERT training with latest weight averaging".
/// Snapshots lie on the host. State: snapshot-0 (the oldest) and on, laid out as the weights.
/// </remarks>
public sealed class SnapshotAverage : WeightAverage
{
    readonly int _every, _count;
    readonly Queue<float[]> _snapshots = [];

    /// <summary>An average of the last <paramref name="count"/> snapshots, one every <paramref name="every"/> steps.</summary>
    public SnapshotAverage(Parameters parameters, int every, int count)
        : base(parameters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_every, _count) = (every, count);
    }

    private protected override void Add()
    {
        if (Steps % _every == 0)
        {
            if (_snapshots.Count == _count)
            {
                _snapshots.Dequeue();
            }

            _snapshots.Enqueue(Parameters.Weights.ToArray());
        }
    }

    private protected override float[]? Average()
    {
        if (_snapshots.Count == 0)
        {
            return null;
        }

        var sums = new double[Parameters.Weights.Length];
        foreach (float[] snapshot in _snapshots)
        {
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += snapshot[i];
            }
        }

        return Array.ConvertAll(sums, sum => (float)(sum / _snapshots.Count));
    }

    /// <inheritdoc/>
    public override TrainingState State()
    {
        var arrays = new OrderedDictionary<string, float[]>();
        foreach (var (index, snapshot) in _snapshots.Index())
        {
            arrays.Add($"snapshot-{index}", [.. snapshot]);
        }

        return new(Steps, arrays);
    }

    /// <inheritdoc/>
    public override void Restore(TrainingState state)
    {
        float[][] snapshots = [.. Enumerable.Range(0, Math.Min(_count, state.Steps / _every))
            .Select(index => state.Array($"snapshot-{index}", Parameters.Weights.Length))];
        _snapshots.Clear();
        foreach (float[] snapshot in snapshots)
        {
            _snapshots.Enqueue([.. snapshot]);
        }

        Steps = state.Steps;
    }
}

/// <summary>The exponential moving average of the weights: <c>x̄ ← x̄ + max(1 − decay, u / (u + n − 1)) (x − x̄)</c> at step n.</summary>
/// <remarks>
/// u is the warm-up. At 1 it is the plain mean until 1 / (1 − decay) steps are in it, so that the start weighs no more than the
/// rest; above, it remembers about the last u-th part of the steps for as long, as TensorFlow's does at 9. State: average.
/// </remarks>
public sealed class ExponentialAverage : WeightAverage
{
    readonly double _decay, _warmUp;
    readonly Blend _blend;
    readonly DeviceArray<float> _average;

    /// <summary>An average that forgets by <paramref name="decay"/> a step, below 1.</summary>
    public ExponentialAverage(ComputeDevice device, Parameters parameters, double decay, double warmUp = 1)
        : base(parameters)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(decay, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(warmUp, 1);
        (_decay, _warmUp) = (decay, warmUp);
        _blend = Blend.On(device);
        _average = device.Allocate<float>(parameters.Weights.Length);
    }

    private protected override void Add() =>
        _blend.Move((float)Math.Max(1 - _decay, _warmUp / (_warmUp + Steps - 1)), new(_average, 0, 1, _average.Length), Parameters.Weights);

    private protected override float[]? Average() => Steps == 0 ? null : _average.ToArray();

    /// <inheritdoc/>
    public override TrainingState State() => new(Steps, new() { ["average"] = _average.ToArray() });

    /// <inheritdoc/>
    public override void Restore(TrainingState state)
    {
        _average.CopyFrom(state.Array("average", _average.Length));
        Steps = state.Steps;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _average.Dispose();
        base.Dispose();
    }
}
