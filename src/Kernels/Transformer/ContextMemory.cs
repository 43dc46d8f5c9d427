using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>A context that a <see cref="TabularTransformer"/> has read: what query rows attend to, layer by layer.</summary>
/// <remarks>
/// It holds 8 · width bytes for each context row, column and layer (the last layer: for each row), and answers any number
/// of query rows without reading the context again. It is of the weights it was made with.
/// </remarks>
public sealed class ContextMemory : IDisposable
{
    readonly DeviceArray<float>[] _arrays;

    internal ContextMemory(ComputeDevice device, TransformerConfig config, EpisodeShape shape)
    {
        Shape = shape;
        int[] tokens = [.. Enumerable.Range(0, config.Layers).Select(
            layer => shape.Rows * (layer == config.Layers - 1 ? 1 : shape.Columns))];
        var statistics = device.Allocate<float>(2 * shape.Tables * shape.Columns);
        _arrays = [statistics, .. tokens.Select(count => device.Allocate<float>(checked(count * 2 * config.Width)))];
        Statistics = new Tensor(statistics, 0, shape.Tables * shape.Columns, 2);
        KeyValues = [.. tokens.Select((count, layer) => new Tensor(_arrays[layer + 1], 0, count, 2 * config.Width))];
    }

    /// <summary>Tables, each with its own context.</summary>
    public int Tables => Shape.Tables;

    /// <summary>Context rows of each table.</summary>
    public int ContextRows => Shape.Keys;

    /// <summary>Feature columns, the label not counted.</summary>
    public int Columns => Shape.Columns - 1;

    internal EpisodeShape Shape { get; }

    internal Tensor Statistics { get; }

    internal IReadOnlyList<Tensor> KeyValues { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var array in _arrays)
        {
            array.Dispose();
        }
    }
}
