using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>A context that a <see cref="TabularTransformer"/> has read: what query rows attend to, layer by layer.</summary>
/// <remarks>
/// It holds 8 · width bytes for each context row, column and layer (the last layer: for each row), or 8 · headWidth where query rows
/// attend to the first key head alone, and answers any number of query rows without reading the context again. It is of the weights
/// it was made with.
/// </remarks>
public sealed class ContextMemory : IDisposable
{
    readonly DeviceArray<float>[] _arrays;

    internal ContextMemory(
        ComputeDevice device, TransformerConfig config, EpisodeShape shape, int columns, CellEncoder cells, float[] queryLabels)
    {
        (Shape, Columns, Cells, QueryLabels) = (shape, columns, cells, queryLabels);
        int LastColumns() => config.Decoder == DecoderInput.LabelToken ? 1 : shape.Columns;
        int[] tokens = [.. Enumerable.Range(0, config.Layers).Select(
            layer => shape.Rows * (layer == config.Layers - 1 ? LastColumns() : shape.Columns))];
        int width = 2 * (config.MultiQuery ? config.Width / config.Heads : config.Width);
        _arrays = [.. tokens.Select(count => device.Allocate<float>(checked(count * width)))];
        KeyValues = [.. tokens.Select((count, layer) => new Tensor(_arrays[layer], 0, count, width))];
    }

    /// <summary>Tables, each with its own context.</summary>
    public int Tables => Shape.Tables;

    /// <summary>Context rows of each table, thinking rows included.</summary>
    public int ContextRows => Shape.Keys;

    /// <summary>Feature columns, the label not counted.</summary>
    public int Columns { get; }

    internal EpisodeShape Shape { get; }

    internal CellEncoder Cells { get; }

    /// <summary>What the label encoder reads of a query row, a table after the other.</summary>
    internal float[] QueryLabels { get; }

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
