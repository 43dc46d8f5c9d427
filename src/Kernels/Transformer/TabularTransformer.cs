using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// The in-context model: it reads tables whose context rows carry labels and gives outputs (logits of classes, or of
/// buckets of a number) for their query rows.
/// </summary>
/// <remarks>
/// The architecture of nanoTabPFN, TabPFN v2 and their relatives, with the switches of <see cref="TransformerConfig"/>. Columns, alone or in
/// groups, are tokens; the label column is the last one. Each layer: attention over the columns of a row, attention of
/// all rows to the context rows of the same column, a perceptron with GELU; each with a residual and a norm after or
/// before it. A decoder reads the query rows.
///
/// One convention: parameter gradients accumulate (+=), activation gradients are assigned (=), the residual stream
/// accumulates. Backward is Forward read upwards.
///
/// A layer runs in three stages. Attention over columns with all its projections, and the perceptron with its norms, go block by
/// block of rows, so that queries, keys and hidden elements stay in a core's cache; between them attention over rows reads the
/// whole table.
///
/// The last layer computes only what the decoder reads: the same logits and gradients at about three quarters of the work
/// when there are three layers.
/// </remarks>
public sealed partial class TabularTransformer : IDisposable
{
    readonly ComputeDevice _device;
    readonly RowBlocks _blocks;
    readonly Workspace _packed;

    // Those that share out a tensor's work among threads, and those that a thread uses within a block of rows.
    readonly TransformerOperations _whole, _inBlock;
    Activations? _activations;
    float[] _columnVectors = [];

    /// <summary>A model with all weights zero; initialise or load <see cref="Parameters"/> next.</summary>
    public TabularTransformer(ComputeDevice device, TransformerConfig config)
    {
        config.Validate();
        _device = device;
        Config = config;
        Parameters = new Parameters(device, config);
        _blocks = RowBlocks.On(device);
        _packed = new Workspace(device, 1 << 16);
        _whole = TransformerOperations.On(device, config.Norm);
        _inBlock = _blocks.Inner == device ? _whole : TransformerOperations.On(_blocks.Inner, config.Norm);
    }

    /// <summary>The sizes and rules.</summary>
    public TransformerConfig Config { get; }

    /// <summary>The weights and their gradients.</summary>
    public Parameters Parameters { get; }

    /// <summary>The device it lives on.</summary>
    public ComputeDevice Device => _device;

    /// <summary>
    /// Whether a forward pass keeps no more than each layer's input, and the backward pass computes the rest again: the same
    /// bits, a quarter of the memory for TabPFN v2, and by operations a third more work.
    /// </summary>
    public bool Recompute { get; set; }

    /// <summary>The seed of the fixed vectors that tell columns apart: standard normal numbers as PyTorch's generator draws them.</summary>
    public ulong ColumnSeed { get; init; }

    /// <summary>
    /// These vectors themselves, (columns, <see cref="TransformerConfig.ColumnEmbedding"/>) row by row, where they are not drawn; more
    /// groups of columns than it has are refused.
    /// </summary>
    public ReadOnlyMemory<float>? ColumnVectors { get; init; }

    /// <summary>
    /// Logits (tables · query rows, classes) of the query rows; keeps in <paramref name="workspace"/> what
    /// <see cref="Backward"/> reads.
    /// </summary>
    public Tensor Forward(EpisodeBatch batch, Workspace workspace)
    {
        int thinking = Config.ThinkingRows, keys = thinking + batch.ContextRows;
        var shape = new EpisodeShape(batch.Tables, keys, batch.QueryRows, keys, Config.Tokens(batch.Columns));
        var cells = CellEncoder.Of(_device, Config, batch);
        var tokens = workspace.Take(shape.Rows * shape.Columns, Config.Width);
        var (features, labels) = Embed(batch, cells, shape, tokens, keep: true, workspace, out var noise);

        var layers = new LayerActivations[Config.Layers];
        Tensor? stream = Recompute ? null
            : Config.NormBefore ? tokens
            : Config.AffineNorm ? workspace.Take(tokens.Rows, Config.Width) : null;
        for (int layer = 0; layer < layers.Length; layer++)
        {
            bool last = layer == layers.Length - 1;
            layers[layer] = Recompute && layer > 0 && !last
                ? layers[layer - 1].Reading(Config, tokens, workspace)
                : LayerActivations.Keeping(Config, shape, tokens, stream, last, keepOutput: Recompute && !last, workspace);
            if (stream is not null && layer > 0 && !Config.NormBefore)
            {
                layers[layer] = layers[layer] with { InputNorm = (layers[layer - 1].Kept!.Norm3, Parameters.Layers[layer - 1].Norm3) };
            }

            ForwardLayer(shape, Parameters.Layers[layer], layers[layer]);
            tokens = layers[layer].Output;
        }

        _activations = new()
        {
            Batch = batch,
            Shape = shape,
            Workspace = workspace,
            Cells = cells,
            Features = features,
            Labels = labels,
            ColumnNoise = noise,
            Layers = layers,
            Decoder = Decode(shape, tokens, workspace),
        };
        return _activations.Decoder.Logits;
    }

    /// <summary>Adds the gradients of the last <see cref="Forward"/>'s weights, given that of its logits.</summary>
    /// <param name="dLogits">The gradient of the logits.</param>
    /// <param name="dCells">Written, unless empty: the gradient of the batch's cells, which is 0 where one is missing.</param>
    public void Backward(Tensor dLogits, Memory<float> dCells = default)
    {
        var a = _activations ?? throw new InvalidOperationException("Backward follows a Forward.");
        _activations = null;
        var d = new Gradients(Config, a.Shape, a.Layers, a.Workspace);

        var dTokens = d.Output;
        BackwardDecode(dLogits, a.Decoder, dTokens, a.Workspace);
        for (int layer = Config.Layers - 1; layer >= 0; layer--)
        {
            if (Recompute && layer < Config.Layers - 2)
            {
                ForwardLayer(a.Shape, Parameters.Layers[layer], a.Layers[layer]);
            }

            dTokens = BackwardLayer(
                a.Shape, Parameters.Layers[layer], Parameters.LayerGradients[layer], a.Layers[layer], dTokens, d);
        }

        BackwardEmbed(a, dTokens, d, dCells);
    }

    /// <summary>Reads the context rows of <paramref name="batch"/>; <see cref="Predict"/> then asks about any number of rows.</summary>
    /// <remarks>
    /// What is kept is a key and a value of each context token and layer, of the first head alone if query rows read no other; the last
    /// layer has label tokens only, if these are what the decoder reads. Query rows of the batch are not predicted: they only take
    /// part in which columns count as constant, if the encoder looks at all rows for that (<see cref="CellEncoding.Indicated"/>).
    /// </remarks>
    public ContextMemory Remember(EpisodeBatch batch, Workspace workspace)
    {
        int keys = Config.ThinkingRows + batch.ContextRows;
        var shape = new EpisodeShape(batch.Tables, keys, 0, keys, Config.Tokens(batch.Columns));
        var cells = CellEncoder.Of(_device, Config, batch);
        var memory = new ContextMemory(_device, Config, shape, batch.Columns, cells, LabelEncoder.Query(Config, batch));
        workspace.Reset();
        var tokens = workspace.Take(shape.Rows * shape.Columns, Config.Width);
        Embed(batch.ContextAlone(), cells, shape, tokens, keep: false, workspace, out _);
        RunLayers(shape, tokens, memory, workspace);
        return memory;
    }

    /// <summary>Logits (tables · rows, classes) of query rows; nothing is kept for a backward pass.</summary>
    /// <param name="memory">The context, from this model.</param>
    /// <param name="rows">Query rows of each table.</param>
    /// <param name="cells">Their raw cells (tables, rows, columns).</param>
    /// <param name="workspace">Cleared first; the logits are valid until its next use.</param>
    public Tensor Predict(ContextMemory memory, int rows, ReadOnlyMemory<float> cells, Workspace workspace)
    {
        var shape = memory.Shape with { ContextRows = 0, QueryRows = rows };
        workspace.Reset();
        var inputs = new float[shape.Rows * (shape.Columns - 1) * Config.CellInputs];
        memory.Cells.Encode(rows, cells, rows * memory.Columns, inputs);
        EncoderActivations features = new(Upload(inputs, Config.CellInputs, workspace), null, null);
        EncoderActivations labels = new(QueryLabels(memory.QueryLabels, rows, workspace), null, null);
        var tokens = workspace.Take(shape.Rows * shape.Columns, Config.Width);
        EmbedRows(
            [(0, shape.Rows, 0)], features, labels, ColumnTokens(shape.Columns - 1, workspace, out _), shape.Columns, tokens);
        return Decode(shape, RunLayers(shape, tokens, memory, workspace), workspace).Logits;
    }

    // All layers in the tensors of one, for nothing reads them later; the last has a smaller set of its own.
    Tensor RunLayers(EpisodeShape shape, Tensor tokens, ContextMemory memory, Workspace workspace)
    {
        LayerActivations? inner = null;
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            bool last = layer == Config.Layers - 1;
            var keyValue = memory.KeyValues[layer];
            LayerActivations activations;
            if (last || inner is null)
            {
                activations = LayerActivations.Passing(Config, shape, tokens, last, keyValue, workspace);
                inner = activations;
            }
            else
            {
                activations = inner.Remembered is null ? inner with { RowKeyValue = keyValue } : inner with { Remembered = keyValue };
            }

            ForwardLayer(shape, Parameters.Layers[layer], activations);
            tokens = activations.Output;
        }

        return tokens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        _packed.Dispose();
        _blocks.Dispose();
    }
}
