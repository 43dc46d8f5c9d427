using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// The in-context classifier: it reads tables whose context rows carry labels and gives logits for their query rows.
/// </summary>
/// <remarks>
/// nanoTabPFN's architecture (automl, 2025). Every cell is a token, the label column is the last one. Each layer:
/// attention over the columns of a row, residual, norm; attention of all rows to the context rows of the same column,
/// residual, norm; a perceptron with GELU, residual, norm. A decoder reads the query rows' label tokens.
///
/// One convention: parameter gradients accumulate (+=), activation gradients are assigned (=), the residual stream
/// accumulates. Backward is Forward read upwards.
///
/// The last layer computes label tokens only, for nothing reads the others: the same logits and gradients at about
/// three quarters of the work when there are three layers.
/// </remarks>
public sealed class TabularTransformer : IDisposable
{
    readonly ComputeDevice _device;
    readonly FeatureEmbedding _embedding;
    readonly LabelTokens _labelTokens;
    readonly Linear _linear;
    readonly Attention _attention;
    readonly LayerNorm _norm;
    readonly Gelu _gelu;
    Activations? _activations;

    /// <summary>A model with all weights zero; initialise or load <see cref="Parameters"/> next.</summary>
    public TabularTransformer(ComputeDevice device, TransformerConfig config)
    {
        config.Validate();
        _device = device;
        Config = config;
        Parameters = new Parameters(device, config);
        _embedding = FeatureEmbedding.On(device);
        _labelTokens = LabelTokens.On(device);
        _linear = Linear.On(device);
        _attention = Attention.On(device);
        _norm = LayerNorm.On(device);
        _gelu = Gelu.On(device);
    }

    /// <summary>The sizes and rules.</summary>
    public TransformerConfig Config { get; }

    /// <summary>The weights and their gradients.</summary>
    public Parameters Parameters { get; }

    /// <summary>The device it lives on.</summary>
    public ComputeDevice Device => _device;

    /// <summary>
    /// Logits (tables · query rows, classes) of the query rows; keeps in <paramref name="workspace"/> what
    /// <see cref="Backward"/> reads.
    /// </summary>
    public Tensor Forward(EpisodeBatch batch, Workspace workspace)
    {
        var shape = new EpisodeShape(batch.Tables, batch.ContextRows, batch.QueryRows, batch.ContextRows, batch.Columns + 1);
        var statistics = workspace.Take(shape.Tables * shape.Columns, 2);
        var values = workspace.Take(shape.Rows * shape.Columns, 1);
        Tensor contextValues = values.Slice(0, shape.AllContextRows * shape.Columns);
        Tensor queryValues = values.Slice(contextValues.Rows, shape.AllQueryRows * shape.Columns);
        var (context, query, labels) = Upload(batch, workspace);
        _embedding.Statistics(shape.Tables, context, labels, statistics);
        _embedding.Standardize(shape.Tables, context, labels, statistics, Config.ZeroConstantColumns, contextValues);
        _embedding.Standardize(shape.Tables, query, null, statistics, Config.ZeroConstantColumns, queryValues);

        var tokens = workspace.Take(values.Rows, Config.Width);
        Embed(shape.Columns, values, tokens);
        var layers = new LayerActivations[Config.Layers];
        for (int layer = 0; layer < layers.Length; layer++)
        {
            layers[layer] = LayerActivations.Take(
                Config, shape, tokens, last: layer == layers.Length - 1, workspace, keep: true);
            ForwardLayer(shape, Parameters.Layers[layer], layers[layer]);
            tokens = layers[layer].Output;
        }

        _activations = new()
        {
            Shape = shape,
            Workspace = workspace,
            Values = values,
            Layers = layers,
            DecoderUp = workspace.Take(tokens.Rows, Config.Hidden),
            DecoderActivated = workspace.Take(tokens.Rows, Config.Hidden),
            Logits = workspace.Take(tokens.Rows, Config.Classes),
        };
        Decode(tokens, _activations.DecoderUp, _activations.DecoderActivated, _activations.Logits);
        return _activations.Logits;
    }

    /// <summary>Adds the gradients of the last <see cref="Forward"/>'s weights, given that of its logits.</summary>
    public void Backward(Tensor dLogits)
    {
        var a = _activations ?? throw new InvalidOperationException("Backward follows a Forward.");
        _activations = null;
        var d = new Gradients(Config, a.Shape, a.Workspace);

        var dTokens = d.Query;
        BackwardDecode(dLogits, a, dTokens, d);
        for (int layer = Config.Layers - 1; layer >= 0; layer--)
        {
            dTokens = BackwardLayer(
                a.Shape, Parameters.Layers[layer], Parameters.LayerGradients[layer], a.Layers[layer], dTokens, d);
        }

        BackwardEmbed(a.Shape.Columns, dTokens, a.Values);
    }

    /// <summary>Reads the context rows of <paramref name="batch"/>; <see cref="Predict"/> then asks about any number of rows.</summary>
    /// <remarks>What is kept is a key and a value of each context token and layer; the last layer has label tokens only.</remarks>
    public ContextMemory Remember(EpisodeBatch batch, Workspace workspace)
    {
        if (batch.QueryRows != 0)
        {
            throw new ArgumentException(
                $"A context to remember has no query rows, but the batch has {batch.QueryRows}.", nameof(batch));
        }

        var shape = new EpisodeShape(batch.Tables, batch.ContextRows, 0, batch.ContextRows, batch.Columns + 1);
        var memory = new ContextMemory(_device, Config, shape);
        workspace.Reset();
        var values = workspace.Take(shape.Rows * shape.Columns, 1);
        var (context, _, labels) = Upload(batch, workspace);
        _embedding.Statistics(shape.Tables, context, labels, memory.Statistics);
        _embedding.Standardize(shape.Tables, context, labels, memory.Statistics, Config.ZeroConstantColumns, values);
        RunLayers(shape, values, memory, workspace);
        return memory;
    }

    /// <summary>Logits (tables · rows, classes) of query rows; nothing is kept for a backward pass.</summary>
    /// <param name="memory">The context, from this model.</param>
    /// <param name="rows">Query rows of each table.</param>
    /// <param name="cells">Their raw cells (tables, rows, columns).</param>
    /// <param name="workspace">Cleared first; the logits are valid until its next use.</param>
    public Tensor Predict(ContextMemory memory, int rows, ReadOnlySpan<float> cells, Workspace workspace)
    {
        var shape = memory.Shape with { ContextRows = 0, QueryRows = rows };
        workspace.Reset();
        var values = workspace.Take(shape.Rows * shape.Columns, 1);
        var query = workspace.Take(shape.Rows, shape.Columns - 1);
        query.CopyFrom(cells);
        _embedding.Standardize(shape.Tables, query, null, memory.Statistics, Config.ZeroConstantColumns, values);
        var tokens = RunLayers(shape, values, memory, workspace);
        Tensor up = workspace.Take(tokens.Rows, Config.Hidden), activated = workspace.Take(tokens.Rows, Config.Hidden);
        var logits = workspace.Take(tokens.Rows, Config.Classes);
        Decode(tokens, up, activated, logits);
        return logits;
    }

    // All layers in the tensors of one, for nothing reads them later; the last has a smaller set of its own.
    Tensor RunLayers(EpisodeShape shape, Tensor values, ContextMemory memory, Workspace workspace)
    {
        var tokens = workspace.Take(values.Rows, Config.Width);
        Embed(shape.Columns, values, tokens);
        var inner = LayerActivations.Take(Config, shape, tokens, last: false, workspace, keep: false);
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            bool last = layer == Config.Layers - 1;
            var activations = last ? LayerActivations.Take(Config, shape, tokens, last, workspace, keep: false) : inner;
            activations = activations with { RowKeyValue = memory.KeyValues[layer] };
            ForwardLayer(shape, Parameters.Layers[layer], activations);
            tokens = activations.Output;
        }

        return tokens;
    }

    // ---- One layer ----

    void ForwardLayer(EpisodeShape shape, LayerParameters w, LayerActivations a)
    {
        if (a.Last)
        {
            _labelTokens.Forward(a.Input, a.ColumnInput);
        }

        Project(a.ColumnInput, w.Columns.Query, a.ColumnQuery);
        Project(a.Input, w.Columns.KeyValue, a.ColumnKeyValue);
        _attention.Forward(OverColumns(shape, a), a.ColumnQuery, a.ColumnKeyValue, a.ColumnAttended, a.ColumnLogSumExp);
        Project(a.ColumnAttended, w.Columns.Output, a.Normalized1);
        _norm.Forward(a.Normalized1, a.ColumnInput, w.Norm1.Weight, w.Norm1.Bias, a.RowTokens, a.Normalized1, a.Rstd1);

        Project(a.RowInput, w.Rows.Query, a.RowQuery);
        if (shape.ContextRows > 0)
        {
            Project(a.RowContext, w.Rows.KeyValue, a.RowKeyValue);
        }

        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            _attention.Forward(
                overRows, a.RowQuery.Slice(first, count), a.RowKeyValue,
                a.RowAttended.Slice(first, count), a.RowLogSumExp.Slice(first, count));
        }

        Project(a.RowAttended, w.Rows.Output, a.Normalized2);
        _norm.Forward(a.Normalized2, a.RowInput, w.Norm2.Weight, w.Norm2.Bias, a.MlpInput, a.Normalized2, a.Rstd2);

        Project(a.MlpInput, w.Up, a.Up);
        _gelu.Forward(a.Up, a.Activated);
        Project(a.Activated, w.Down, a.Normalized3);
        _norm.Forward(a.Normalized3, a.MlpInput, w.Norm3.Weight, w.Norm3.Bias, a.Output, a.Normalized3, a.Rstd3);
    }

    // Takes the gradient of the output, returns that of the input; the residual stream accumulates in place.
    Tensor BackwardLayer(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Gradients d)
    {
        var dHidden = d.Wide.Slice(0, a.Up.Rows);
        _norm.Backward(dOutput, a.Normalized3, a.Rstd3, w.Norm3.Weight, dOutput, dw.Norm3.Weight, dw.Norm3.Bias);
        BackwardProject(dOutput, a.Activated, w.Down, dw.Down, dHidden);
        _gelu.Backward(dHidden, a.Up, dHidden);
        BackwardProject(dHidden, a.MlpInput, w.Up, dw.Up, dOutput, accumulate: true);

        // In the last layer only query rows go further; its context rows receive gradients as keys and values alone.
        var dRowTokens = a.Last ? d.Labels : dOutput;
        var dRowInput = dRowTokens.Slice(a.RowTokens.Rows - a.RowInput.Rows, a.RowInput.Rows);
        var dRowContext = dRowTokens.Slice(0, a.RowContext.Rows);
        Tensor dAttended = d.Attended.Slice(0, a.RowAttended.Rows), dQuery = d.Projected.Slice(0, a.RowQuery.Rows);
        var dKeyValue = d.KeyValue.Slice(0, a.RowKeyValue.Rows);
        _norm.Backward(dOutput, a.Normalized2, a.Rstd2, w.Norm2.Weight, dRowInput, dw.Norm2.Weight, dw.Norm2.Bias);
        BackwardProject(dRowInput, a.RowAttended, w.Rows.Output, dw.Rows.Output, dAttended);
        bool more = false;
        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            _attention.Backward(
                overRows, dAttended.Slice(first, count), a.RowQuery.Slice(first, count), a.RowKeyValue,
                a.RowAttended.Slice(first, count), a.RowLogSumExp.Slice(first, count), dQuery.Slice(first, count),
                dKeyValue, more);
            more = true;
        }

        BackwardProject(dKeyValue, a.RowContext, w.Rows.KeyValue, dw.Rows.KeyValue, dRowContext, accumulate: !a.Last);
        BackwardProject(dQuery, a.RowInput, w.Rows.Query, dw.Rows.Query, dRowInput, accumulate: true);

        dAttended = d.Attended.Slice(0, a.ColumnAttended.Rows);
        dQuery = d.Projected.Slice(0, a.ColumnQuery.Rows);
        dKeyValue = d.KeyValue.Slice(0, a.ColumnKeyValue.Rows);
        _norm.Backward(dRowTokens, a.Normalized1, a.Rstd1, w.Norm1.Weight, dRowTokens, dw.Norm1.Weight, dw.Norm1.Bias);
        BackwardProject(dRowTokens, a.ColumnAttended, w.Columns.Output, dw.Columns.Output, dAttended);
        _attention.Backward(
            OverColumns(shape, a), dAttended, a.ColumnQuery, a.ColumnKeyValue, a.ColumnAttended, a.ColumnLogSumExp,
            dQuery, dKeyValue);
        var dInput = a.Last ? d.Tokens : dRowTokens;
        BackwardProject(dKeyValue, a.Input, w.Columns.KeyValue, dw.Columns.KeyValue, dInput, accumulate: !a.Last);
        BackwardProject(dQuery, a.ColumnInput, w.Columns.Query, dw.Columns.Query, dRowTokens, accumulate: true);
        if (a.Last)
        {
            _labelTokens.Backward(dRowTokens, dInput);
        }

        return dInput;
    }

    AttentionShape OverColumns(EpisodeShape shape, LayerActivations a) =>
        new(shape.Rows, 1, a.Last ? 1 : shape.Columns, shape.Columns, Config.Heads);

    // Context rows and query rows attend to the same keys; they lie apart, so they are two problems.
    IEnumerable<(AttentionShape Shape, int First)> OverRows(EpisodeShape shape, LayerActivations a)
    {
        int columns = a.Last ? 1 : shape.Columns, first = 0;
        if (shape.ContextRows > 0 && !a.Last)
        {
            yield return (new(shape.Tables, columns, shape.ContextRows, shape.Keys, Config.Heads), 0);
            first = shape.AllContextRows * columns;
        }

        if (shape.QueryRows > 0)
        {
            yield return (new(shape.Tables, columns, shape.QueryRows, shape.Keys, Config.Heads), first);
        }
    }

    // ---- Embedding and decoder ----

    void Embed(int columns, Tensor values, Tensor tokens) => _embedding.Forward(
        columns, values,
        Parameters.Weight("feature_encoder.linear_layer.weight"), Parameters.Weight("feature_encoder.linear_layer.bias"),
        Parameters.Weight("target_encoder.linear_layer.weight"), Parameters.Weight("target_encoder.linear_layer.bias"),
        tokens);

    void BackwardEmbed(int columns, Tensor dTokens, Tensor values) => _embedding.Backward(
        columns, dTokens, values,
        Parameters.Gradient("feature_encoder.linear_layer.weight"), Parameters.Gradient("feature_encoder.linear_layer.bias"),
        Parameters.Gradient("target_encoder.linear_layer.weight"), Parameters.Gradient("target_encoder.linear_layer.bias"));

    void Decode(Tensor tokens, Tensor up, Tensor activated, Tensor logits)
    {
        Project(tokens, Decoder(1, Parameters.Weight), up);
        _gelu.Forward(up, activated);
        Project(activated, Decoder(2, Parameters.Weight), logits);
    }

    void BackwardDecode(Tensor dLogits, Activations a, Tensor dTokens, Gradients d)
    {
        var dHidden = d.Wide.Slice(0, a.DecoderUp.Rows);
        BackwardProject(dLogits, a.DecoderActivated, Decoder(2, Parameters.Weight), Decoder(2, Parameters.Gradient), dHidden);
        _gelu.Backward(dHidden, a.DecoderUp, dHidden);
        BackwardProject(dHidden, a.Layers[^1].Output, Decoder(1, Parameters.Weight), Decoder(1, Parameters.Gradient), dTokens);
    }

    static LinearParameters Decoder(int number, Func<string, Tensor> view) =>
        new(view($"decoder.linear{number}.weight"), view($"decoder.linear{number}.bias"));

    void Project(Tensor x, LinearParameters w, Tensor y) => _linear.Forward(x, w.Weight, w.Bias, y);

    void BackwardProject(
        Tensor dy, Tensor x, LinearParameters w, LinearParameters dw, Tensor dx, bool accumulate = false) =>
        _linear.Backward(dy, x, w.Weight, dx, dw.Weight, dw.Bias, accumulate);

    // The context rows of all tables, then the query rows of all tables, and the context labels.
    static (Tensor Context, Tensor Query, Tensor Labels) Upload(EpisodeBatch batch, Workspace workspace)
    {
        int n = batch.ContextRows, m = batch.QueryRows, columns = batch.Columns;
        Tensor context = workspace.Take(batch.Tables * n, columns), query = workspace.Take(batch.Tables * m, columns);
        var labels = workspace.Take(batch.Tables * n, 1);
        var cells = batch.Cells.Span;
        for (int table = 0; table < batch.Tables; table++)
        {
            var rows = cells.Slice(table * (n + m) * columns, (n + m) * columns);
            context.Slice(table * n, n).CopyFrom(rows[..(n * columns)]);
            query.Slice(table * m, m).CopyFrom(rows[(n * columns)..]);
        }

        labels.CopyFrom(batch.ContextLabels.Span);
        return (context, query, labels);
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    // The gradients of activations that are alive at one time, shared by all layers.
    readonly struct Gradients
    {
        internal readonly Tensor Tokens, Labels, Query, Wide, Attended, Projected, KeyValue;

        internal Gradients(TransformerConfig config, EpisodeShape shape, Workspace workspace)
        {
            int tokens = shape.Rows * shape.Columns;
            Tokens = workspace.Take(tokens, config.Width);
            Labels = workspace.Take(shape.Rows, config.Width);
            Query = workspace.Take(shape.AllQueryRows, config.Width);
            Wide = workspace.Take(tokens, config.Hidden);
            Attended = workspace.Take(tokens, config.Width);
            Projected = workspace.Take(tokens, config.Width);
            KeyValue = workspace.Take(tokens, 2 * config.Width);
        }
    }
}
