using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>One named weight: a (Rows, Width) matrix, or a vector when Rows is null.</summary>
/// <param name="Name">The name in nanoTabPFN's state_dict.</param>
/// <param name="Rows">Rows, or null for a vector.</param>
/// <param name="Width">Elements in a row.</param>
/// <param name="Offset">Where it starts in the flat block.</param>
public sealed record ParameterInfo(string Name, int? Rows, int Width, int Offset)
{
    /// <summary>Number of elements.</summary>
    public int Length => (Rows ?? 1) * Width;

    /// <summary>The shape as files write it.</summary>
    public IReadOnlyList<int> Shape => Rows is { } rows ? [rows, Width] : [Width];
}

/// <summary>All weights of a model in one block and all their gradients in another, with views by name.</summary>
/// <remarks>
/// One block each, so that clearing, saving, norms and optimiser steps are single calls. Every weight starts on a cache
/// line; the gaps hold zeros and stay zero.
/// </remarks>
public sealed class Parameters : IDisposable
{
    readonly Dictionary<string, ParameterInfo> _byName;
    readonly DeviceArray<float> _weights, _gradients;

    internal Parameters(ComputeDevice device, TransformerConfig config)
        : this(device, Layout(config), config.Layers)
    { }

    /// <summary>Weights of these names and shapes, in this order, of another network than the transformer.</summary>
    internal Parameters(ComputeDevice device, IEnumerable<(string Name, int? Rows, int Width)> weights)
        : this(device, Layout(weights), layers: 0)
    { }

    Parameters(ComputeDevice device, IReadOnlyList<ParameterInfo> layout, int layers)
    {
        All = layout;
        _byName = All.ToDictionary(info => info.Name);
        int length = Padded(All[^1].Offset + All[^1].Length);
        _weights = device.Allocate<float>(length);
        _gradients = device.Allocate<float>(length);
        Layers = [.. Enumerable.Range(0, layers).Select(layer => new LayerParameters(layer, FindWeight))];
        LayerGradients = [.. Enumerable.Range(0, layers).Select(layer => new LayerParameters(layer, FindGradient))];
    }

    /// <summary>Every weight, in the order of nanoTabPFN's state_dict.</summary>
    public IReadOnlyList<ParameterInfo> All { get; }

    /// <summary>Number of weights, without the gaps between them.</summary>
    public int Count => All.Sum(info => info.Length);

    /// <summary>All weights as one row.</summary>
    public Tensor Weights => new(_weights, 0, 1, _weights.Length);

    /// <summary>All gradients as one row, laid out as <see cref="Weights"/>.</summary>
    public Tensor Gradients => new(_gradients, 0, 1, _gradients.Length);

    internal IReadOnlyList<LayerParameters> Layers { get; }

    internal IReadOnlyList<LayerParameters> LayerGradients { get; }

    internal LinearParameters Decoder1 => Linear("decoder.linear1");

    internal LinearParameters Decoder1Gradients => LinearGradients("decoder.linear1");

    internal LinearParameters Decoder2 => Linear("decoder.linear2");

    internal LinearParameters Decoder2Gradients => LinearGradients("decoder.linear2");

    internal NormParameters DecoderNorm => new("decoder.norm", FindWeight);

    internal NormParameters DecoderNormGradients => new("decoder.norm", FindGradient);

    internal LinearParameters Linear(string name) => new(name, FindWeight);

    internal LinearParameters LinearGradients(string name) => new(name, FindGradient);

    /// <summary>The weight of that name; a vector is one row.</summary>
    public Tensor Weight(string name) => View(FindWeight(name), name);

    /// <summary>The gradient of the weight of that name.</summary>
    public Tensor Gradient(string name) => View(FindGradient(name), name);

    /// <summary>Sets every gradient to zero.</summary>
    public void ClearGradients()
    {
        if (_gradients.Device is CpuDevice)
        {
            _gradients.Span.Clear();
        }
        else
        {
            _gradients.View.MemSetToZero();
        }
    }

    /// <summary>Draws weights in PyTorch's default ranges; each is a pure function of the seed and its place.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="residualGain">
    /// Factor on the two projections that write to the residual stream (out_proj and linear2): 0 starts every layer as
    /// the identity before its norms, as TabPFN v2 does; 1 is PyTorch's default.
    /// </param>
    public void Initialize(ulong seed, float residualGain = 1)
    {
        var rng = new Philox(seed).Branch(0x77656967); // "weig"
        var block = new float[_weights.Length];
        for (int stream = 0; stream < All.Count; stream++)
        {
            var info = All[stream];
            bool attention = info.Name.Contains(".in_proj_", StringComparison.Ordinal);
            bool norm = info.Name.Contains("norm", StringComparison.Ordinal);
            bool residual = info.Name.StartsWith("transformer_blocks", StringComparison.Ordinal)
                && (info.Name.Contains(".out_proj.", StringComparison.Ordinal)
                    || info.Name.Contains(".linear2.", StringComparison.Ordinal));
            bool weight = info.Name.EndsWith("weight", StringComparison.Ordinal);
            bool thinking = info.Name == "thinking_rows";

            // nn.Linear: uniform on ± 1/√in for weight and bias alike; nn.MultiheadAttention: Xavier on the stacked
            // projection, zero biases; norms: ones and zeros; thinking rows: standard normal.
            float range = attention && weight ? MathF.Sqrt(6f / (info.Rows!.Value + info.Width)) : 1 / MathF.Sqrt(FanIn(info));
            bool zero = (attention || norm || info.Name.Contains(".out_proj.", StringComparison.Ordinal)) && !weight;
            for (int i = 0; i < info.Length; i++)
            {
                block[info.Offset + i] = norm && weight ? 1
                    : zero ? 0
                    : thinking ? rng.Normal((uint)i, (uint)stream)
                    : (2 * rng.Uniform((uint)i, (uint)stream) - 1) * range * (residual ? residualGain : 1);
            }
        }

        _weights.CopyFrom(block);
    }

    // A bias has the range of its weight, which precedes it.
    int FanIn(ParameterInfo info)
    {
        string owner = info.Name.EndsWith("bias", StringComparison.Ordinal) ? info.Name[..^4] + "weight" : info.Name;
        return _byName.TryGetValue(owner, out var weight) ? weight.Width : info.Width;
    }

    static Tensor View(Tensor? found, string name) =>
        found ?? throw new ArgumentException($"No weight is named '{name}'.", nameof(name));

    Tensor? FindWeight(string name) => Find(_weights, name);

    Tensor? FindGradient(string name) => Find(_gradients, name);

    Tensor? Find(DeviceArray<float> block, string name) =>
        _byName.TryGetValue(name, out var info) ? new Tensor(block, info.Offset, info.Rows ?? 1, info.Width) : null;

    /// <summary>Names, shapes and places of the weights of a model with these sizes.</summary>
    public static IReadOnlyList<ParameterInfo> Layout(TransformerConfig config) => Layout(Names(config));

    static List<ParameterInfo> Layout(IEnumerable<(string Name, int? Rows, int Width)> weights)
    {
        var layout = new List<ParameterInfo>();
        int offset = 0;
        foreach (var (name, rows, width) in weights)
        {
            layout.Add(new(name, rows, width, offset));
            offset = Padded(offset + layout[^1].Length);
        }

        return layout;
    }

    // A cache line of floats.
    static int Padded(int length) => (length + 15) & ~15;

    static IEnumerable<(string Name, int? Rows, int Width)> Names(TransformerConfig config)
    {
        int width = config.Width, hidden = config.Hidden;
        IEnumerable<(string, int?, int)> Linear(string name, int rows, int columns, bool bias)
        {
            yield return ($"{name}.weight", rows, columns);
            if (bias)
            {
                yield return ($"{name}.bias", null, rows);
            }
        }

        IEnumerable<(string, int?, int)> Norm(string name)
        {
            if (config.AffineNorm)
            {
                yield return ($"{name}.weight", null, width);
                if (config.Norm == NormKind.LayerNorm)
                {
                    yield return ($"{name}.bias", null, width);
                }
            }
        }

        IEnumerable<(string, int?, int)> Encoder(string name, int inputs, int hidden, bool bias) => hidden == 0
            ? Linear($"{name}.linear_layer", width, inputs, bias)
            : [
                .. Linear($"{name}.linear1", hidden, inputs, bias),
                .. Linear($"{name}.linear2", width, hidden, bias),
            ];

        IEnumerable<(string, int?, int)> Attention(string name)
        {
            yield return ($"{name}.in_proj_weight", 3 * width, width);
            if (config.Biases)
            {
                yield return ($"{name}.in_proj_bias", null, 3 * width);
            }

            foreach (var parameter in Linear($"{name}.out_proj", width, width, config.Biases))
            {
                yield return parameter;
            }
        }

        IEnumerable<(string, int?, int)> Layer(string block) =>
        [
            .. Attention($"{block}.self_attention_between_datapoints"),
            .. Attention($"{block}.self_attention_between_features"),
            .. Linear($"{block}.linear1", hidden, width, config.Biases),
            .. Linear($"{block}.linear2", width, hidden, config.Biases),
            .. Norm($"{block}.norm1"), .. Norm($"{block}.norm2"), .. Norm($"{block}.norm3"),
        ];

        return
        [
            .. Encoder("feature_encoder", config.CellInputs, config.EncoderHidden, config.EncoderBias),
            .. Encoder("target_encoder", config.LabelInputs, config.LabelEncoderHidden, bias: true),
            .. config.ColumnEmbedding > 0 ? Linear("column_embedding", width, config.ColumnEmbedding, bias: true) : [],
            .. config.ThinkingRows > 0 ? [("thinking_rows", config.ThinkingRows, width)] : Array.Empty<(string, int?, int)>(),
            .. Enumerable.Range(0, config.Layers).SelectMany(layer => Layer($"transformer_blocks.{layer}")),
            .. config.NormBefore ? Norm("decoder.norm") : [],
            .. Linear("decoder.linear1", hidden, width, bias: true),
            .. Linear("decoder.linear2", config.Classes, hidden, bias: true),
        ];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights.Dispose();
        _gradients.Dispose();
    }
}

/// <summary>A projection's weight and bias, or their gradients; some have no bias.</summary>
readonly record struct LinearParameters(Tensor Weight, Tensor? Bias)
{
    internal LinearParameters(string name, Func<string, Tensor?> find)
        : this(find(name + ".weight")!.Value, find(name + ".bias"))
    { }
}

/// <summary>A norm's weight and bias, or their gradients; some have none.</summary>
readonly record struct NormParameters(Tensor? Weight, Tensor? Bias)
{
    internal NormParameters(string name, Func<string, Tensor?> find)
        : this(find(name + ".weight"), find(name + ".bias"))
    { }
}

/// <summary>An attention's projections, or their gradients: queries, keys with values, and output.</summary>
readonly record struct AttentionParameters(LinearParameters Query, LinearParameters KeyValue, LinearParameters Output)
{
    internal AttentionParameters(string name, Func<string, Tensor?> find)
        : this(Stacked(name, find, 0, 1), Stacked(name, find, 1, 2), new(name + ".out_proj", find))
    { }

    // in_proj stacks the query, key and value projections by rows.
    static LinearParameters Stacked(string name, Func<string, Tensor?> find, int first, int count)
    {
        var weight = find(name + ".in_proj_weight")!.Value;
        int width = weight.Width;
        return new(
            weight.Slice(first * width, count * width),
            find(name + ".in_proj_bias")?.As(3 * width, 1).Slice(first * width, count * width).As(1, count * width));
    }
}

/// <summary>One layer's weights, or their gradients.</summary>
sealed record LayerParameters(
    AttentionParameters Columns, AttentionParameters Rows, LinearParameters Up, LinearParameters Down,
    NormParameters Norm1, NormParameters Norm2, NormParameters Norm3)
{
    internal LayerParameters(int layer, Func<string, Tensor?> find)
        : this($"transformer_blocks.{layer}", find)
    { }

    LayerParameters(string block, Func<string, Tensor?> find)
        : this(
            new($"{block}.self_attention_between_features", find), new($"{block}.self_attention_between_datapoints", find),
            new($"{block}.linear1", find), new($"{block}.linear2", find),
            new($"{block}.norm1", find), new($"{block}.norm2", find), new($"{block}.norm3", find))
    { }
}
