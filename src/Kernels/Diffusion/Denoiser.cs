using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The sizes of a <see cref="Denoiser"/>.</summary>
public sealed record DenoiserConfig
{
    /// <summary>Cells of a row, which come in and go out.</summary>
    public required int Width { get; init; }

    /// <summary>Labels that a row can have; 0 where rows have none.</summary>
    public int Labels { get; init; }

    /// <summary>T, the times that a row can have.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Width of each hidden layer.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [256, 256];

    /// <summary>Width of the embedding of time and label; even.</summary>
    public int Embedding { get; init; } = 128;
}

/// <summary>A network that tells what a noisy row was: the noise in each number and the logits of each level.</summary>
/// <remarks>
/// TabDDPM's, after Gorishniy et al. (2021): <c>h = W x + b + E(t) + SiLU(L(y))</c> with
/// <c>E(t) = W₂ SiLU(W₁ sincos(t) + b₁) + b₂</c>; then a linear layer and a ReLU for each hidden layer, and a linear head.
/// E has only T values and L only as many as there are labels, so both are computed as tables, by <see cref="Embed"/>, and
/// looked up for each row. Shapes: input, output are (rows, width); times, labels are (rows) or longer.
/// </remarks>
public sealed class Denoiser : IDisposable
{
    const double LongestPeriod = 10_000;

    readonly Linear _linear;
    readonly Silu _silu;
    readonly Relu _relu;
    readonly RowLookup _lookup;
    readonly DeviceArray<float> _waves;
    Tensor _time1, _timeActive, _time2, _labels, _input;
    Tensor[] _hidden = [];
    DeviceArray<int> _rowTimes = null!, _rowLabels = null!;

    /// <summary>A network of zeros on <paramref name="device"/>.</summary>
    public Denoiser(ComputeDevice device, DenoiserConfig config)
    {
        (Device, Config) = (device, config);
        Parameters = new Parameters(device, Names(config));
        (_linear, _silu, _relu, _lookup) = (Linear.On(device), Silu.On(device), Relu.On(device), RowLookup.On(device));
        _waves = device.Allocate<float>(Waves(config));
    }

    /// <summary>The device it lives on.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Its sizes.</summary>
    public DenoiserConfig Config { get; }

    /// <summary>All weights, named as in TabDDPM's state_dict.</summary>
    public Parameters Parameters { get; }

    /// <summary>Draws weights in PyTorch's default ranges: labels standard normal, all else uniform on ± 1/√in.</summary>
    public void Initialize(ulong seed)
    {
        Parameters.Initialize(seed);
        if (Config.Labels > 0)
        {
            var random = new Philox(seed).Branch(0x6C61626C); // "labl"
            var labels = Parameters.Weight("label_emb.weight");
            labels.CopyFrom([.. Enumerable.Range(0, labels.Length).Select(i => random.Normal((uint)i, 0))]);
        }
    }

    /// <summary>Computes the embeddings of all times and labels, which <see cref="Forward"/> reads while the weights stay.</summary>
    public void Embed(Workspace workspace)
    {
        int width = Config.Embedding;
        _time1 = workspace.Take(Config.Steps, width);
        _timeActive = workspace.Take(Config.Steps, width);
        _time2 = workspace.Take(Config.Steps, width);
        _linear.Forward(WaveRows, Weight("time_embed.0"), Bias("time_embed.0"), _time1);
        _silu.Forward(_time1, _timeActive);
        _linear.Forward(_timeActive, Weight("time_embed.2"), Bias("time_embed.2"), _time2);
        if (Config.Labels > 0)
        {
            _labels = workspace.Take(Config.Labels, width);
            _silu.Forward(Weight("label_emb"), _labels);
        }
    }

    /// <summary>The output of every row; what <see cref="Backward"/> needs is kept in the workspace.</summary>
    public Tensor Forward(Tensor input, DeviceArray<int> times, DeviceArray<int> labels, Workspace workspace)
    {
        (_input, _rowTimes, _rowLabels) = (input, times, labels);
        var hidden = workspace.Take(input.Rows, Config.Embedding);
        _linear.Forward(input, Weight("proj"), Bias("proj"), hidden);
        _lookup.Forward(_time2, times, hidden);
        if (Config.Labels > 0)
        {
            _lookup.Forward(_labels, labels, hidden);
        }

        _hidden = new Tensor[Config.Layers.Count + 1];
        _hidden[0] = hidden;
        for (int layer = 0; layer < Config.Layers.Count; layer++)
        {
            var next = workspace.Take(input.Rows, Config.Layers[layer]);
            _linear.Forward(_hidden[layer], Weight(Layer(layer)), Bias(Layer(layer)), next);
            _relu.Forward(next, next);
            _hidden[layer + 1] = next;
        }

        var output = workspace.Take(input.Rows, Config.Width);
        _linear.Forward(_hidden[^1], Weight("mlp.head"), Bias("mlp.head"), output);
        return output;
    }

    /// <summary>Adds to the gradients of all weights, after <see cref="Embed"/> and <see cref="Forward"/> with the same workspace.</summary>
    public void Backward(Tensor dOutput, Workspace workspace)
    {
        var dHidden = workspace.Take(dOutput.Rows, _hidden[^1].Width);
        _linear.Backward(dOutput, _hidden[^1], Weight("mlp.head"), dHidden, DWeight("mlp.head"), DBias("mlp.head"));
        for (int layer = Config.Layers.Count - 1; layer >= 0; layer--)
        {
            _relu.Backward(dHidden, _hidden[layer + 1], dHidden);
            var dBefore = workspace.Take(dOutput.Rows, _hidden[layer].Width);
            _linear.Backward(
                dHidden, _hidden[layer], Weight(Layer(layer)), dBefore, DWeight(Layer(layer)), DBias(Layer(layer)));
            dHidden = dBefore;
        }

        _linear.BackwardWeights(dHidden, _input, DWeight("proj"), DBias("proj"));
        BackwardTimes(dHidden, workspace);
        if (Config.Labels > 0)
        {
            var dLabels = Cleared(workspace, Config.Labels);
            _lookup.Backward(dHidden, _rowLabels, dLabels);
            _silu.Backward(dLabels, Weight("label_emb"), DWeight("label_emb"), accumulate: true);
        }
    }

    void BackwardTimes(Tensor dHidden, Workspace workspace)
    {
        var dTime2 = Cleared(workspace, Config.Steps);
        var dActive = workspace.Take(Config.Steps, Config.Embedding);
        _lookup.Backward(dHidden, _rowTimes, dTime2);
        _linear.Backward(
            dTime2, _timeActive, Weight("time_embed.2"), dActive, DWeight("time_embed.2"), DBias("time_embed.2"));
        _silu.Backward(dActive, _time1, dActive);
        _linear.BackwardWeights(dActive, WaveRows, DWeight("time_embed.0"), DBias("time_embed.0"));
    }

    Tensor Cleared(Workspace workspace, int rows)
    {
        var tensor = workspace.Take(rows, Config.Embedding);
        tensor.Clear();
        return tensor;
    }

    Tensor WaveRows => new(_waves, 0, Config.Steps, Config.Embedding);

    Tensor Weight(string layer) => Parameters.Weight(layer + ".weight");

    Tensor Bias(string layer) => Parameters.Weight(layer + ".bias");

    Tensor DWeight(string layer) => Parameters.Gradient(layer + ".weight");

    Tensor DBias(string layer) => Parameters.Gradient(layer + ".bias");

    static string Layer(int layer) => $"mlp.blocks.{layer}.linear";

    // Row t: cos(t ωᵢ), then sin(t ωᵢ), with ωᵢ = 10,000^(−i / half).
    static float[] Waves(DenoiserConfig config)
    {
        int half = config.Embedding / 2;
        var waves = new float[config.Steps * config.Embedding];
        for (int t = 0; t < config.Steps; t++)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = t * Math.Exp(-Math.Log(LongestPeriod) * i / half);
                waves[t * config.Embedding + i] = (float)Math.Cos(angle);
                waves[t * config.Embedding + half + i] = (float)Math.Sin(angle);
            }
        }

        return waves;
    }

    static IEnumerable<(string Name, int? Rows, int Width)> Names(DenoiserConfig config)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(config.Embedding % 2, 0);
        IEnumerable<(string, int?, int)> Linear(string name, int rows, int width) =>
            [($"{name}.weight", rows, width), ($"{name}.bias", null, rows)];

        int[] widths = [config.Embedding, .. config.Layers];
        return
        [
            .. Enumerable.Range(0, config.Layers.Count).SelectMany(i => Linear(Layer(i), widths[i + 1], widths[i])),
            .. Linear("mlp.head", config.Width, widths[^1]),
            .. config.Labels > 0 ? [("label_emb.weight", config.Labels, config.Embedding)] : Array.Empty<(string, int?, int)>(),
            .. Linear("proj", config.Embedding, config.Width),
            .. Linear("time_embed.0", config.Embedding, config.Embedding),
            .. Linear("time_embed.2", config.Embedding, config.Embedding),
        ];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        _waves.Dispose();
    }
}
