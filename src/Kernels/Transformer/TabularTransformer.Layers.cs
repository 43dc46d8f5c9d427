using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

public sealed partial class TabularTransformer
{
    void ForwardLayer(EpisodeShape shape, LayerParameters weights, LayerActivations a)
    {
        _packed.Reset();
        var w = Pack(weights);
        int context = shape.AllContextRows, queries = shape.AllQueryRows;
        _blocks.Run(0, context, shape.Columns, rows => ForwardOverColumns(shape, w, a, rows, ofContext: true));
        _blocks.Run(context, queries, shape.Columns, rows => ForwardOverColumns(shape, w, a, rows, ofContext: false));
        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            var keyValue = overRows.FirstKeyHead ? a.Remembered ?? a.RowKeyValue : a.RowKeyValue;
            Attend(
                _whole, overRows, a.RowQuery.Slice(first, count), keyValue!.Value, a.RowAttended.Slice(first, count),
                a.RowLogSumExp.Slice(first, count));
        }

        _blocks.Run(0, a.Last ? queries : shape.Rows, a.Asked(shape), rows => ForwardPerceptron(shape, w, a, rows));
    }

    // Attention over the columns of some rows, and what attention over rows reads of them.
    void ForwardOverColumns(EpisodeShape shape, LayerParameters w, LayerActivations a, RowBlock rows, bool ofContext)
    {
        int columns = shape.Columns, asked = a.Asked(shape);
        var kept = a.Kept;
        Tensor input = rows.Of(a.Input, columns), stream = rows.Of(a.RowTokens, asked), read = input;
        if (Config.NormBefore)
        {
            read = NormOutput(kept?.Norm1, rows, columns);
            Normalize(input, null, w.Norm1, read, kept?.Norm1, rows, columns);
        }

        var queries = read;
        if (a.LabelsOnly)
        {
            queries = rows.OfOrTake(kept?.ColumnAsked, 1, Config.Width);
            _inBlock.LabelTokens.Forward(read, queries);
        }

        Tensor query = rows.OfOrTake(kept?.ColumnQuery, asked, Config.Width);
        Tensor keyValue = rows.OfOrTake(kept?.ColumnKeyValue, columns, 2 * Config.Width);
        Project(queries, w.Columns.Query, query);
        Project(read, w.Columns.KeyValue, keyValue);
        var attended = kept is null ? query : rows.Take(asked, Config.Width);
        Attend(
            _inBlock, OverColumns(shape, a, rows), query, keyValue, attended,
            rows.OfOrTake(kept?.ColumnLogSumExp, asked, Config.Heads));
        if (Config.NormBefore)
        {
            StartStream(a, input, stream);
            Project(attended, w.Columns.Output, stream, accumulate: true);
            read = NormOutput(kept?.Norm2, rows, asked);
            Normalize(stream, null, w.Norm2, read, kept?.Norm2, rows, asked);
        }
        else
        {
            var projected = rows.Take(asked, Config.Width);
            Project(attended, w.Columns.Output, projected);
            Normalize(projected, queries, w.Norm1, stream, kept?.Norm1, rows, asked);
            read = stream;
        }

        if (ofContext)
        {
            ForwardContext(w, a, read, rows, asked);
        }

        if (!a.Last || !ofContext)
        {
            Project(read, w.Rows.Query, (a.Last ? rows.From(shape.AllContextRows) : rows).Of(a.RowQuery, asked));
        }
    }

    // The keys and values of context rows.
    void ForwardContext(LayerParameters w, LayerActivations a, Tensor read, RowBlock rows, int tokensPerRow)
    {
        var keyValue = rows.OfOrTake(a.RowKeyValue, tokensPerRow, 2 * Config.Width);
        Project(read, w.Rows.KeyValue, keyValue);
        if (a.Remembered is { } remembered)
        {
            _inBlock.FirstKeyHead.Forward(keyValue, rows.Of(remembered, tokensPerRow));
        }
    }

    // The end of attention over rows, and the perceptron, of some of the rows that go on.
    void ForwardPerceptron(EpisodeShape shape, LayerParameters w, LayerActivations a, RowBlock rows)
    {
        int columns = a.Asked(shape);
        var kept = a.Kept;
        var norm = Config.NormBefore ? kept?.Norm3 : kept?.Norm2;
        Tensor stream = rows.Of(a.OfQueries(a.RowTokens), columns), attended = rows.Of(a.RowAttended, columns);
        Tensor projected = rows.Take(columns, Config.Width), read = NormOutput(norm, rows, columns);
        if (Config.NormBefore)
        {
            Project(attended, w.Rows.Output, stream, accumulate: true);
            Normalize(stream, null, w.Norm3, read, norm, rows, columns);
        }
        else
        {
            Project(attended, w.Rows.Output, projected);
            Normalize(projected, stream, w.Norm2, read, norm, rows, columns);
        }

        var up = rows.OfOrTake(kept?.Up, columns, Config.Hidden);
        var activated = kept is null ? up : rows.Take(columns, Config.Hidden);
        Project(read, w.Up, up);
        _inBlock.Gelu.Forward(up, activated);
        if (Config.NormBefore)
        {
            Project(activated, w.Down, stream, accumulate: true);
        }
        else
        {
            Project(activated, w.Down, projected);
            Normalize(projected, read, w.Norm3, rows.Of(a.Output, columns), kept?.Norm3, rows, columns);
        }
    }

    // Takes the gradient of the output, returns that of the input; the residual stream accumulates in place.
    Tensor BackwardLayer(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Gradients d)
    {
        _blocks.Chunks(
            0, a.Last ? shape.AllQueryRows : shape.Rows, a.Asked(shape),
            rows => BackwardPerceptron(w, dw, a.Kept!, rows, a.Asked(shape), dOutput));

        // In the last layer only query rows go further; its context rows receive gradients as keys and values alone.
        var dRowTokens = a.Last ? d.RowTokens : dOutput;
        BackwardOverRows(shape, w, dw, a, dOutput, dRowTokens, d);
        var dInput = a.LabelsOnly ? d.Tokens : dRowTokens;
        _blocks.Chunks(
            0, shape.Rows, shape.Columns, rows => BackwardOverColumns(shape, w, dw, a, rows, dRowTokens, dInput));
        return dInput;
    }

    void BackwardPerceptron(
        LayerParameters w, LayerParameters dw, KeptActivations kept, RowBlock rows, int columns, Tensor dWhole)
    {
        Tensor dOutput = rows.Of(dWhole, columns), up = rows.Of(kept.Up, columns);
        Tensor activated = rows.Take(columns, Config.Hidden), dHidden = rows.Take(columns, Config.Hidden);
        _whole.Gelu.Forward(up, activated);
        if (!Config.NormBefore)
        {
            BackwardNorm(dOutput, kept.Norm3.Of(rows, columns), w.Norm3, dw.Norm3, dOutput);
        }

        BackwardProject(dOutput, activated, w.Down, dw.Down, dHidden);
        _whole.Gelu.Backward(dHidden, up, dHidden);
        if (Config.NormBefore)
        {
            var dRead = rows.Take(columns, Config.Width);
            BackwardProject(dHidden, Restored(kept.Norm3, w.Norm3, rows, columns), w.Up, dw.Up, dRead);
            BackwardNorm(dRead, kept.Norm3.Of(rows, columns), w.Norm3, dw.Norm3, dOutput, accumulate: true);
        }
        else
        {
            BackwardProject(dHidden, Restored(kept.Norm2, w.Norm2, rows, columns), w.Up, dw.Up, dOutput, accumulate: true);
        }
    }

    // Takes the gradient of the stream after attention over rows and writes that of the stream before it.
    void BackwardOverRows(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Tensor dRowTokens, Gradients d)
    {
        var dRowInput = a.OfQueries(dRowTokens);
        if (!Config.NormBefore)
        {
            BackwardNorm(dOutput, a.Kept!.Norm2, w.Norm2, dw.Norm2, dRowInput);
        }
        else if (a.Last)
        {
            dRowTokens.Clear();
            dRowInput.CopyFrom(dOutput);
        }

        var keyValue = a.RowKeyValue!.Value;
        Tensor dAttended = d.Attended.Slice(0, a.RowAttended.Rows), dQuery = d.Query.Slice(0, a.RowQuery.Rows);
        var dKeyValue = d.KeyValue.Slice(0, keyValue.Rows);
        BackwardProject(dRowInput, a.RowAttended, w.Rows.Output, dw.Rows.Output, dAttended);
        bool more = false;
        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            BackwardAttend(
                overRows, dAttended.Slice(first, count), a.RowQuery.Slice(first, count), keyValue,
                a.RowAttended.Slice(first, count), a.RowLogSumExp.Slice(first, count), dQuery.Slice(first, count),
                dKeyValue, more);
            more = true;
        }

        int context = shape.AllContextRows, columns = a.Asked(shape);
        _blocks.Chunks(
            0, context, columns,
            rows => BackwardRowRead(
                w, dw, a, rows, columns, a.Last ? null : rows.Of(dQuery, columns), rows.Of(dKeyValue, columns), dRowTokens));
        _blocks.Chunks(
            context, shape.AllQueryRows, columns,
            rows => BackwardRowRead(
                w, dw, a, rows, columns, (a.Last ? rows.From(context) : rows).Of(dQuery, columns), null, dRowTokens));
    }

    // What attention over rows read of some rows: the gradients of their queries, and of their keys and values, lead back to it.
    void BackwardRowRead(
        LayerParameters w, LayerParameters dw, LayerActivations a, RowBlock rows, int columns, Tensor? dQuery, Tensor? dKeyValue,
        Tensor dRowTokens)
    {
        var norm = Config.NormBefore ? a.Kept!.Norm2 : a.Kept!.Norm1;
        var read = Restored(norm, Config.NormBefore ? w.Norm2 : w.Norm1, rows, columns);

        // With a norm before, what was read has a gradient of its own, which then goes through the norm.
        var dStream = rows.Of(dRowTokens, columns);
        var dRead = Config.NormBefore ? rows.Take(columns, Config.Width) : dStream;
        if (dQuery is { } asked)
        {
            BackwardProject(asked, read, w.Rows.Query, dw.Rows.Query, dRead, accumulate: !Config.NormBefore);
        }

        if (dKeyValue is { } told)
        {
            BackwardProject(told, read, w.Rows.KeyValue, dw.Rows.KeyValue, dRead, accumulate: dQuery is not null);
        }

        if (Config.NormBefore)
        {
            BackwardNorm(dRead, norm.Of(rows, columns), w.Norm2, dw.Norm2, dStream, accumulate: true);
        }
    }

    void BackwardOverColumns(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, RowBlock rows, Tensor dRowTokens, Tensor dWhole)
    {
        int columns = shape.Columns, asked = a.Asked(shape);
        var kept = a.Kept!;
        Tensor dStream = rows.Of(dRowTokens, asked), dInput = rows.Of(dWhole, columns);
        Tensor query = rows.Of(kept.ColumnQuery, asked), keyValue = rows.Of(kept.ColumnKeyValue, columns);
        Tensor logSumExp = rows.Of(kept.ColumnLogSumExp, asked), attended = rows.Take(asked, Config.Width);
        Attend(_whole, OverColumns(shape, a, rows), query, keyValue, attended, logSumExp);
        if (!Config.NormBefore)
        {
            BackwardNorm(dStream, kept.Norm1.Of(rows, asked), w.Norm1, dw.Norm1, dStream);
        }

        Tensor dAttended = rows.Take(asked, Config.Width), dQuery = rows.Take(asked, Config.Width);
        var dKeyValue = rows.Take(columns, 2 * Config.Width);
        BackwardProject(dStream, attended, w.Columns.Output, dw.Columns.Output, dAttended);
        BackwardAttend(
            OverColumns(shape, a, rows), dAttended, query, keyValue, attended, logSumExp, dQuery, dKeyValue, accumulate: false);

        var read = ColumnRead(w, a, rows, columns);
        var queries = a.LabelsOnly ? rows.Of(kept.ColumnAsked!.Value, 1) : read;
        if (!Config.NormBefore)
        {
            BackwardProject(dKeyValue, read, w.Columns.KeyValue, dw.Columns.KeyValue, dInput, accumulate: !a.LabelsOnly);
            BackwardProject(dQuery, queries, w.Columns.Query, dw.Columns.Query, dStream, accumulate: true);
            if (a.LabelsOnly)
            {
                _whole.LabelTokens.Backward(dStream, dInput);
            }

            return;
        }

        var dRead = rows.Take(columns, Config.Width);
        BackwardProject(dKeyValue, read, w.Columns.KeyValue, dw.Columns.KeyValue, dRead);
        if (a.LabelsOnly)
        {
            // The query's gradient takes the place of the attended tokens', which has been read.
            BackwardProject(dQuery, queries, w.Columns.Query, dw.Columns.Query, dAttended);
            _whole.LabelTokens.Backward(dAttended, dRead);
            dInput.Clear();
            _whole.LabelTokens.Backward(dStream, dInput);
        }
        else
        {
            BackwardProject(dQuery, queries, w.Columns.Query, dw.Columns.Query, dRead, accumulate: true);
        }

        BackwardNorm(dRead, kept.Norm1.Of(rows, columns), w.Norm1, dw.Norm1, dInput, accumulate: true);
    }

    // What attention over the columns of some rows read.
    Tensor ColumnRead(LayerParameters w, LayerActivations a, RowBlock rows, int columns) =>
        Config.NormBefore ? Restored(a.Kept!.Norm1, w.Norm1, rows, columns)
        : a.InputNorm is { } made ? Restored(made.Norm, made.Weights, rows, columns)
        : rows.Of(a.Input, columns);

    // The residual stream of a layer with norms before: the input itself, or a copy of what of it goes on.
    void StartStream(LayerActivations a, Tensor input, Tensor stream)
    {
        if (a.LabelsOnly)
        {
            _inBlock.LabelTokens.Forward(input, stream);
        }
        else if (stream != input)
        {
            stream.CopyFrom(input);
        }
    }

    AttentionShape OverColumns(EpisodeShape shape, LayerActivations a, RowBlock rows) =>
        new(rows.Count, 1, a.Asked(shape), shape.Columns, Config.Heads);

    // Context rows and query rows attend to the same keys; they lie apart, so they are two problems.
    IEnumerable<(AttentionShape Shape, int First)> OverRows(EpisodeShape shape, LayerActivations a)
    {
        int columns = a.Asked(shape), first = 0;
        if (shape.ContextRows > 0 && !a.Last)
        {
            yield return (new(shape.Tables, columns, shape.ContextRows, shape.Keys, Config.Heads), 0);
            first = shape.AllContextRows * columns;
        }

        if (shape.QueryRows > 0)
        {
            yield return (new(shape.Tables, columns, shape.QueryRows, shape.Keys, Config.Heads, Config.MultiQuery), first);
        }
    }

    void Attend(
        TransformerOperations operations, in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
    {
        if (Config.Attention == AttentionKind.Linear)
        {
            operations.LinearAttention.Forward(shape, q, keyValue, o);
        }
        else
        {
            operations.Attention.Forward(shape, q, keyValue, o, logSumExp);
        }
    }

    void BackwardAttend(
        in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
        Tensor dq, Tensor dKeyValue, bool accumulate)
    {
        if (Config.Attention == AttentionKind.Linear)
        {
            _whole.LinearAttention.Backward(shape, dAttended, q, keyValue, o, dq, dKeyValue, accumulate);
        }
        else
        {
            _whole.Attention.Backward(shape, dAttended, q, keyValue, o, logSumExp, dq, dKeyValue, accumulate);
        }
    }

    LayerParameters Pack(LayerParameters w) => w with
    {
        Columns = new(Pack(w.Columns.Query), Pack(w.Columns.KeyValue), Pack(w.Columns.Output)),
        Rows = new(Pack(w.Rows.Query), Pack(w.Rows.KeyValue), Pack(w.Rows.Output)),
        Up = Pack(w.Up),
        Down = Pack(w.Down),
    };

    LinearParameters Pack(LinearParameters w) => w with { Weight = _whole.Linear.Pack(w.Weight, _packed) };

    // Within a block of rows, by a packed weight.
    void Project(Tensor x, LinearParameters packed, Tensor y, bool accumulate = false) =>
        _inBlock.Linear.ForwardPacked(x, packed.Weight, packed.Bias, y, accumulate);

    void ProjectWhole(Tensor x, LinearParameters w, Tensor y) => _whole.Linear.Forward(x, w.Weight, w.Bias, y);

    void BackwardProject(
        Tensor dy, Tensor x, LinearParameters w, LinearParameters dw, Tensor dx, bool accumulate = false) =>
        _whole.Linear.Backward(dy, x, w.Weight, dx, dw.Weight, dw.Bias, accumulate);

    // Where the norm of a block's rows goes: to what is kept, if its output is that, otherwise to the block itself.
    Tensor NormOutput(NormActivations? kept, RowBlock rows, int tokensPerRow) =>
        rows.OfOrTake(Config.AffineNorm ? null : kept?.Normalized, tokensPerRow, Config.Width);

    // The norm of x, or of its sum with the residual, within a block of rows.
    void Normalize(
        Tensor x, Tensor? residual, NormParameters w, Tensor output, NormActivations? kept, RowBlock rows, int tokensPerRow) =>
        _inBlock.Norm.Forward(
            x, residual, w.Weight, w.Bias, output, kept is { } norm ? rows.Of(norm.Normalized, tokensPerRow) : output,
            rows.OfOrTake(kept?.Rstd, tokensPerRow, 1));

    // The output of a norm, made again from what is kept of it, for a chunk of rows.
    Tensor Restored(NormActivations norm, NormParameters w, RowBlock rows, int tokensPerRow)
    {
        var normalized = rows.Of(norm.Normalized, tokensPerRow);
        if (w.Weight is not { } weight)
        {
            return normalized;
        }

        var output = rows.Take(tokensPerRow, Config.Width);
        _whole.Norm.Scale(normalized, weight, w.Bias, output);
        return output;
    }

    void BackwardNorm(
        Tensor dy, NormActivations a, NormParameters w, NormParameters dw, Tensor dz, bool accumulate = false) =>
        _whole.Norm.Backward(dy, a.Normalized, a.Rstd, w.Weight, dz, dw.Weight, dw.Bias, accumulate);

    // The gradients of activations that are alive at one time, shared by all layers.
    readonly struct Gradients
    {
        internal readonly Tensor Output, RowTokens, Tokens, Attended, Query, KeyValue;

        internal Gradients(TransformerConfig config, EpisodeShape shape, IReadOnlyList<LayerActivations> layers, Workspace workspace)
        {
            var last = layers[^1];
            int tokens = shape.Rows * shape.Columns, context = shape.AllContextRows * shape.Columns;
            Output = workspace.Take(last.Output.Rows, config.Width);
            RowTokens = workspace.Take(last.RowTokens.Rows, config.Width);
            Tokens = workspace.Take(last.LabelsOnly ? tokens : 0, config.Width);
            Attended = workspace.Take(tokens, config.Width);
            Query = workspace.Take(layers.Max(layer => layer.RowQuery.Rows), config.Width);
            KeyValue = workspace.Take(layers.Count > 1 ? context : last.RowKeyValue!.Value.Rows, 2 * config.Width);
        }
    }
}
