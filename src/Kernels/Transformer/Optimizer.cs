using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Which optimiser trains a model, and how: <see cref="AdamWOptions"/>, <see cref="ScheduleFreeOptions"/> or <see cref="MuonOptions"/>.
/// </summary>
public abstract record OptimizerOptions;

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

    /// <summary>The optimiser that the options are of, at step 0.</summary>
    public static Optimizer Of(ComputeDevice device, Parameters parameters, OptimizerOptions options) => options switch
    {
        AdamWOptions adamW => new AdamWOptimizer(device, parameters, adamW),
        ScheduleFreeOptions scheduleFree => new ScheduleFreeOptimizer(device, parameters, scheduleFree.AdamW),
        MuonOptions muon => new MuonOptimizer(device, parameters, muon),
        _ => throw new ArgumentException($"No optimiser has options of type {options.GetType().Name}.", nameof(options)),
    };

    /// <summary>Takes one step along the gradients and clears them.</summary>
    public void Step(float learningRate)
    {
        _measure.Measure(Parameters.Gradients, Norm);
        Update(++Steps, learningRate);
        Parameters.ClearGradients();
    }

    private protected abstract void Update(int number, float learningRate);

    /// <summary>Puts the result of the training so far into the weights, to predict with or to save, where that is not what trains.</summary>
    public virtual void ShowResult() { }

    /// <summary>Puts back the weights that train, bit for bit; the next step needs them.</summary>
    public virtual void HideResult() { }

    /// <summary>A copy of the state on the host: with the weights, all that <see cref="Restore"/> continues from, bit for bit.</summary>
    public abstract TrainingState State();

    /// <summary>Continues from a state of the same kind of optimiser, once the weights are those of that step.</summary>
    /// <exception cref="ArgumentException">The state is of another optimiser or model.</exception>
    public abstract void Restore(TrainingState state);

    /// <summary>A flat block as one row.</summary>
    private protected static Tensor Row(DeviceArray<float> block) => new(block, 0, 1, block.Length);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        _norm.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>An optimiser that remembers two moments of every weight's gradient, and nothing else.</summary>
/// <remarks>State: mean and square, laid out as the weights.</remarks>
public abstract class MomentOptimizer : Optimizer
{
    readonly DeviceArray<float> _mean, _square;

    private protected MomentOptimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
        : base(device, parameters, options)
    {
        _mean = device.Allocate<float>(parameters.Weights.Length);
        _square = device.Allocate<float>(parameters.Weights.Length);
    }

    private protected Tensor Mean => Row(_mean);

    private protected Tensor Square => Row(_square);

    /// <inheritdoc/>
    public override TrainingState State() =>
        new(Steps, new() { ["mean"] = _mean.ToArray(), ["square"] = _square.ToArray() });

    /// <inheritdoc/>
    public override void Restore(TrainingState state)
    {
        float[] mean = state.Array("mean", _mean.Length), square = state.Array("square", _square.Length);
        _mean.CopyFrom(mean);
        _square.CopyFrom(square);
        Steps = state.Steps;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _mean.Dispose();
        _square.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Trains with <see cref="AdamW"/>.</summary>
/// <remarks>State: mean and square, the running means of gradients and of their squares, laid out as the weights.</remarks>
public sealed class AdamWOptimizer : MomentOptimizer
{
    readonly AdamW _adamW;

    /// <summary>An optimiser of <paramref name="parameters"/>, at step 0.</summary>
    public AdamWOptimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
        : base(device, parameters, options) => _adamW = AdamW.On(device);

    private protected override void Update(int number, float learningRate) => _adamW.Update(
        number, learningRate, Options, Parameters.Gradients, Norm, Parameters.Weights, Mean, Square);
}

/// <summary>What can be chosen about <see cref="ScheduleFreeOptimizer"/>.</summary>
public sealed record ScheduleFreeOptions : OptimizerOptions
{
    /// <summary>Decay rates and clipping.</summary>
    public AdamWOptions AdamW { get; init; } = new();
}

/// <summary>Trains with <see cref="ScheduleFreeAdamW"/>.</summary>
/// <remarks>
/// Predict and save between <see cref="ShowResult"/> and <see cref="HideResult"/> only. State: fast (z) and square (v), laid out
/// as the weights; largest-rate and weight-sum, of which the next share c is made.
/// </remarks>
public sealed class ScheduleFreeOptimizer : Optimizer
{
    readonly ScheduleFreeAdamW _adamW;
    readonly Blend _blend;
    readonly DeviceArray<float> _fast, _square;
    float _largestRate;
    double _weightSum;
    float[]? _trained;

    /// <summary>An optimiser of <paramref name="parameters"/>, at step 0.</summary>
    public ScheduleFreeOptimizer(ComputeDevice device, Parameters parameters, AdamWOptions options)
        : base(device, parameters, options)
    {
        _adamW = ScheduleFreeAdamW.On(device);
        _blend = Blend.On(device);
        _fast = device.Allocate<float>(parameters.Weights.ToArray());
        _square = device.Allocate<float>(parameters.Weights.Length);
    }

    private protected override void Update(int number, float learningRate)
    {
        ThrowIfShown();
        _largestRate = Math.Max(_largestRate, learningRate);
        double weight = (double)_largestRate * _largestRate;
        _weightSum += weight;
        float share = _weightSum == 0 ? 1 : (float)(weight / _weightSum);
        _adamW.Update(
            number, learningRate, share, Options, Parameters.Gradients, Norm, Parameters.Weights, Row(_fast), Row(_square));
    }

    /// <summary>Puts the running average, the result of the training so far, into the weights.</summary>
    public override void ShowResult()
    {
        if (_trained is null)
        {
            // Blending there and back would round, and a run that was stopped would differ from one that was not.
            _trained = Parameters.Weights.ToArray();
            _blend.Move(1 - 1 / Options.Beta1, Parameters.Weights, Row(_fast));
        }
    }

    /// <inheritdoc/>
    public override void HideResult()
    {
        if (_trained is not null)
        {
            Parameters.Weights.CopyFrom(_trained);
            _trained = null;
        }
    }

    /// <inheritdoc/>
    public override TrainingState State()
    {
        ThrowIfShown();
        return new(
            Steps,
            new() { ["fast"] = _fast.ToArray(), ["square"] = _square.ToArray() },
            new() { ["largest-rate"] = _largestRate, ["weight-sum"] = _weightSum });
    }

    /// <inheritdoc/>
    public override void Restore(TrainingState state)
    {
        float[] fast = state.Array("fast", _fast.Length), square = state.Array("square", _square.Length);
        (_largestRate, _weightSum) = ((float)state.Scalar("largest-rate"), state.Scalar("weight-sum"));
        _fast.CopyFrom(fast);
        _square.CopyFrom(square);
        Steps = state.Steps;
        _trained = null;
    }

    void ThrowIfShown()
    {
        if (_trained is not null)
        {
            throw new InvalidOperationException("The weights show the average; call HideResult first.");
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

/// <summary>Trains the matrices of the layers with <see cref="Muon"/>, and all else with <see cref="AdamW"/>.</summary>
/// <remarks>
/// Queries, keys and values are matrices apart, though stored as one. All else is encoders, the decoder, norms, biases, the
/// column embedding and thinking rows. State: mean, Muon's momentum of the matrices and AdamW's mean of all else, and square,
/// which is 0 at the matrices; both laid out as the weights.
/// </remarks>
public sealed class MuonOptimizer : MomentOptimizer
{
    readonly MuonOptions _options;
    readonly Muon _muon;
    readonly AdamW _adamW;
    readonly Workspace _workspace;
    readonly IReadOnlyList<MuonMatrix> _matrices;
    readonly IReadOnlyList<(int Offset, int Length)> _others;

    /// <summary>An optimiser of <paramref name="parameters"/>, at step 0.</summary>
    public MuonOptimizer(ComputeDevice device, Parameters parameters, MuonOptions options)
        : base(device, parameters, options.AdamW)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Iterations, 0);
        _options = options;
        _muon = Muon.On(device);
        _adamW = AdamW.On(device);
        _workspace = new Workspace(device);

        var matrices = parameters.All.SelectMany(Matrices).OrderBy(matrix => matrix.Offset).ToList();
        _matrices = [.. matrices.Select(matrix => new MuonMatrix(
            Part(parameters.Weights, matrix), Part(parameters.Gradients, matrix), Part(Mean, matrix)))];
        _others = [.. Between(matrices, parameters.Weights.Length)];
    }

    private protected override void Update(int number, float learningRate)
    {
        _muon.Update(learningRate, _options, Norm, _matrices, _workspace);
        foreach (var (offset, length) in _others)
        {
            var place = (offset, 1, length);
            _adamW.Update(
                number, learningRate * _options.AdamWRate, _options.AdamW, Part(Parameters.Gradients, place), Norm,
                Part(Parameters.Weights, place), Part(Mean, place), Part(Square, place));
        }
    }

    // The matrices of a weight: none unless it is one of a layer, three of stacked projections.
    static IEnumerable<(int Offset, int Rows, int Width)> Matrices(ParameterInfo info)
    {
        if (info.Rows is not { } rows || !info.Name.StartsWith("transformer_blocks.", StringComparison.Ordinal))
        {
            return [];
        }

        int count = info.Name.EndsWith(".in_proj_weight", StringComparison.Ordinal) ? 3 : 1;
        return Enumerable.Range(0, count)
            .Select(i => (info.Offset + i * (info.Length / count), rows / count, info.Width));
    }

    // The gaps between weights go to AdamW too, whose step is 0 where all is 0.
    static IEnumerable<(int Offset, int Length)> Between(IEnumerable<(int Offset, int Rows, int Width)> matrices, int length)
    {
        int end = 0;
        foreach (var (offset, rows, width) in matrices.Append((length, 0, 0)))
        {
            if (offset > end)
            {
                yield return (end, offset - end);
            }

            end = offset + rows * width;
        }
    }

    static Tensor Part(Tensor block, (int Offset, int Rows, int Width) place) =>
        new(block.Storage, block.Offset + place.Offset, place.Rows, place.Width);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _workspace.Dispose();
        base.Dispose();
    }
}
