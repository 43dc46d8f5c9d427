using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>All weights of a small network in one block, with their gradients and Adam's moments in others, and views by name.</summary>
/// <remarks>
/// A vector is one row. A linear layer is <c>name.weight</c> (out, in) and <c>name.bias</c> (1, out), drawn uniformly within
/// ± 1 / √in as PyTorch does. Every weight starts on a cache line; the gaps hold zeros and stay zero.
/// </remarks>
public sealed class WeightBlock : IDisposable
{
    readonly ComputeDevice _device;
    readonly List<ParameterInfo> _all = [];
    readonly Dictionary<string, ParameterInfo> _byName = new(StringComparer.Ordinal);
    readonly AdamW _adam;
    readonly DeviceArray<float> _weights, _gradients, _mean, _square, _norm;

    internal WeightBlock(ComputeDevice device, IEnumerable<(string Name, int Rows, int Width)> layout)
    {
        _device = device;
        int length = 0;
        foreach (var (name, rows, width) in layout)
        {
            var info = new ParameterInfo(name, rows, width, length);
            _all.Add(info);
            _byName.Add(name, info);
            length = (length + info.Length + 15) & ~15;
        }

        _adam = AdamW.On(device);
        _weights = device.Allocate<float>(length);
        _gradients = device.Allocate<float>(length);
        _mean = device.Allocate<float>(length);
        _square = device.Allocate<float>(length);
        _norm = device.Allocate<float>(1);
    }

    /// <summary>Every weight, in the order of the block.</summary>
    public IReadOnlyList<ParameterInfo> All => _all;

    /// <summary>Steps taken.</summary>
    public int Steps { get; private set; }

    /// <summary>All weights as one row.</summary>
    internal Tensor Weights => Row(_weights);

    /// <summary>The weight of that name.</summary>
    public Tensor Weight(string name) => View(_weights, name);

    /// <summary>The gradient of the weight of that name.</summary>
    public Tensor Gradient(string name) => View(_gradients, name);

    /// <summary>A row as long as the block, which the caller disposes: room for an average of the weights.</summary>
    internal DeviceArray<float> Alike() => _device.Allocate<float>(_weights.Length);

    /// <summary>A copy of all weights on the host.</summary>
    public float[] ToArray() => _weights.ToArray();

    /// <summary>Puts in all weights as <see cref="ToArray"/> gave them.</summary>
    public void CopyFrom(ReadOnlySpan<float> weights) => _weights.CopyFrom(weights);

    /// <summary>Sets every gradient to zero.</summary>
    public void ClearGradients() => Row(_gradients).Clear();

    /// <summary>Takes one step of Adam along the gradients and clears them.</summary>
    public void Step(float learningRate, AdamWOptions options)
    {
        _adam.Update(
            ++Steps, learningRate, options, Row(_gradients), new(_norm, 0, 1, 1), Row(_weights), Row(_mean), Row(_square));
        ClearGradients();
    }

    /// <summary>Draws the linear layers; every other weight is set by <paramref name="others"/> of its name.</summary>
    internal void Initialize(Philox random, Func<string, float> others)
    {
        for (int stream = 0; stream < _all.Count; stream++)
        {
            var info = _all[stream];
            var values = new float[info.Length];
            int dot = info.Name.LastIndexOf('.');
            bool drawn = dot >= 0 && info.Name[dot..] is ".weight" or ".bias"
                && !info.Name.StartsWith("norm", StringComparison.Ordinal);
            float range = drawn ? 1 / MathF.Sqrt(_byName[info.Name[..dot] + ".weight"].Width) : 0;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = drawn ? (2 * random.Uniform((uint)i, (uint)stream) - 1) * range : others(info.Name);
            }

            Weight(info.Name).CopyFrom(values);
        }
    }

    static Tensor Row(DeviceArray<float> block) => new(block, 0, 1, block.Length);

    Tensor View(DeviceArray<float> block, string name) => _byName.TryGetValue(name, out var info)
        ? new(block, info.Offset, info.Rows ?? 1, info.Width)
        : throw new ArgumentException($"No weight is named '{name}'.", nameof(name));

    /// <summary>The layout of a linear layer.</summary>
    internal static IEnumerable<(string Name, int Rows, int Width)> Linear(string name, int inputs, int outputs) =>
        [($"{name}.weight", outputs, inputs), ($"{name}.bias", 1, outputs)];

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights.Dispose();
        _gradients.Dispose();
        _mean.Dispose();
        _square.Dispose();
        _norm.Dispose();
    }
}
