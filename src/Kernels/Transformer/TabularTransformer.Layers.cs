using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

public sealed partial class TabularTransformer
{
    void ForwardLayer(EpisodeShape shape, LayerParameters w, LayerActivations a)
    {
        if (Config.NormBefore)
        {
            Normalize(a.Input, w.Norm1, a.Norm1);
        }

        if (a.LabelsOnly)
        {
            _labelTokens.Forward(a.ColumnRead, a.ColumnAsked);
        }

        Project(a.ColumnAsked, w.Columns.Query, a.ColumnQuery);
        Project(a.ColumnRead, w.Columns.KeyValue, a.ColumnKeyValue);
        Attend(OverColumns(shape, a), a.ColumnQuery, a.ColumnKeyValue, a.ColumnAttended, a.ColumnLogSumExp);
        if (Config.NormBefore)
        {
            StartStream(a);
            Project(a.ColumnAttended, w.Columns.Output, a.RowTokens, accumulate: true);
            Normalize(a.RowTokens, w.Norm2, a.Norm2);
        }
        else
        {
            AddAndNormalize(a.ColumnAttended, w.Columns.Output, a.ColumnAsked, w.Norm1, a.Norm1);
        }

        Project(a.RowAsked, w.Rows.Query, a.RowQuery);
        if (shape.ContextRows > 0)
        {
            Project(a.RowContext, w.Rows.KeyValue, a.RowKeyValue);
        }

        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            Attend(
                overRows, a.RowQuery.Slice(first, count), a.RowKeyValue,
                a.RowAttended.Slice(first, count), a.RowLogSumExp.Slice(first, count));
        }

        if (Config.NormBefore)
        {
            Project(a.RowAttended, w.Rows.Output, a.RowInput, accumulate: true);
            Normalize(a.RowInput, w.Norm3, a.Norm3);
        }
        else
        {
            AddAndNormalize(a.RowAttended, w.Rows.Output, a.RowInput, w.Norm2, a.Norm2);
        }

        Project(a.MlpRead, w.Up, a.Up);
        _gelu.Forward(a.Up, a.Activated);
        if (Config.NormBefore)
        {
            Project(a.Activated, w.Down, a.Output, accumulate: true);
        }
        else
        {
            AddAndNormalize(a.Activated, w.Down, a.MlpRead, w.Norm3, a.Norm3);
        }
    }

    // Takes the gradient of the output, returns that of the input; the residual stream accumulates in place.
    Tensor BackwardLayer(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Gradients d)
    {
        BackwardPerceptron(w, dw, a, dOutput, d);

        // In the last layer only query rows go further; its context rows receive gradients as keys and values alone.
        var dRowTokens = a.Last ? d.RowTokens : dOutput;
        BackwardOverRows(shape, w, dw, a, dOutput, dRowTokens, d);
        var dInput = a.LabelsOnly ? d.Tokens : dRowTokens;
        BackwardOverColumns(shape, w, dw, a, dRowTokens, dInput, d);
        return dInput;
    }

    void BackwardPerceptron(LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Gradients d)
    {
        var dHidden = d.Wide.Slice(0, a.Up.Rows);
        _gelu.Forward(a.Up, a.Activated);
        if (!Config.NormBefore)
        {
            BackwardNorm(dOutput, a.Norm3, w.Norm3, dw.Norm3, dOutput);
        }

        BackwardProject(dOutput, a.Activated, w.Down, dw.Down, dHidden);
        _gelu.Backward(dHidden, a.Up, dHidden);
        if (Config.NormBefore)
        {
            var dRead = d.Read.Slice(0, dOutput.Rows);
            BackwardProject(dHidden, a.MlpRead, w.Up, dw.Up, dRead);
            BackwardNorm(dRead, a.Norm3, w.Norm3, dw.Norm3, dOutput, accumulate: true);
        }
        else
        {
            BackwardProject(dHidden, a.MlpRead, w.Up, dw.Up, dOutput, accumulate: true);
        }
    }

    // Takes the gradient of the stream after attention over rows and writes that of the stream before it.
    void BackwardOverRows(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dOutput, Tensor dRowTokens, Gradients d)
    {
        var dRowInput = a.OfQueries(dRowTokens);
        if (!Config.NormBefore)
        {
            BackwardNorm(dOutput, a.Norm2, w.Norm2, dw.Norm2, dRowInput);
        }
        else if (a.Last)
        {
            dRowTokens.Clear();
            dRowInput.CopyFrom(dOutput);
        }

        Tensor dAttended = d.Attended.Slice(0, a.RowAttended.Rows), dQuery = d.Projected.Slice(0, a.RowQuery.Rows);
        var dKeyValue = d.KeyValue.Slice(0, a.RowKeyValue.Rows);
        BackwardProject(dRowInput, a.RowAttended, w.Rows.Output, dw.Rows.Output, dAttended);
        bool more = false;
        foreach (var (overRows, first) in OverRows(shape, a))
        {
            int count = overRows.QueryTokens;
            BackwardAttend(
                overRows, dAttended.Slice(first, count), a.RowQuery.Slice(first, count), a.RowKeyValue,
                a.RowAttended.Slice(first, count), a.RowLogSumExp.Slice(first, count), dQuery.Slice(first, count),
                dKeyValue, more);
            more = true;
        }

        // With a norm before, what was read has a gradient of its own, which then goes through the norm.
        var dRead = Config.NormBefore ? d.Read.Slice(0, dRowTokens.Rows) : dRowTokens;
        BackwardProject(dQuery, a.RowAsked, w.Rows.Query, dw.Rows.Query, a.OfQueries(dRead), accumulate: !Config.NormBefore);
        BackwardProject(
            dKeyValue, a.RowContext, w.Rows.KeyValue, dw.Rows.KeyValue, dRead.Slice(0, dKeyValue.Rows), accumulate: !a.Last);
        if (Config.NormBefore)
        {
            BackwardNorm(dRead, a.Norm2, w.Norm2, dw.Norm2, dRowTokens, accumulate: true);
        }
    }

    void BackwardOverColumns(
        EpisodeShape shape, LayerParameters w, LayerParameters dw, LayerActivations a, Tensor dRowTokens, Tensor dInput, Gradients d)
    {
        if (!Config.NormBefore)
        {
            BackwardNorm(dRowTokens, a.Norm1, w.Norm1, dw.Norm1, dRowTokens);
        }

        Tensor dAttended = d.Attended.Slice(0, a.ColumnAttended.Rows), dQuery = d.Projected.Slice(0, a.ColumnQuery.Rows);
        var dKeyValue = d.KeyValue.Slice(0, a.ColumnKeyValue.Rows);
        BackwardProject(dRowTokens, a.ColumnAttended, w.Columns.Output, dw.Columns.Output, dAttended);
        BackwardAttend(
            OverColumns(shape, a), dAttended, a.ColumnQuery, a.ColumnKeyValue, a.ColumnAttended, a.ColumnLogSumExp,
            dQuery, dKeyValue, accumulate: false);

        if (!Config.NormBefore)
        {
            BackwardProject(dKeyValue, a.ColumnRead, w.Columns.KeyValue, dw.Columns.KeyValue, dInput, accumulate: !a.LabelsOnly);
            BackwardProject(dQuery, a.ColumnAsked, w.Columns.Query, dw.Columns.Query, dRowTokens, accumulate: true);
            if (a.LabelsOnly)
            {
                _labelTokens.Backward(dRowTokens, dInput);
            }

            return;
        }

        var dRead = d.Read.Slice(0, a.ColumnRead.Rows);
        BackwardProject(dKeyValue, a.ColumnRead, w.Columns.KeyValue, dw.Columns.KeyValue, dRead);
        if (a.LabelsOnly)
        {
            // The query's gradient takes the place of the attended tokens', which has been read.
            BackwardProject(dQuery, a.ColumnAsked, w.Columns.Query, dw.Columns.Query, dAttended);
            _labelTokens.Backward(dAttended, dRead);
            dInput.Clear();
            _labelTokens.Backward(dRowTokens, dInput);
        }
        else
        {
            BackwardProject(dQuery, a.ColumnAsked, w.Columns.Query, dw.Columns.Query, dRead, accumulate: true);
        }

        BackwardNorm(dRead, a.Norm1, w.Norm1, dw.Norm1, dInput, accumulate: true);
    }

    // The residual stream of a layer with norms before: the input itself, or a copy of what of it goes on.
    void StartStream(LayerActivations a)
    {
        if (a.LabelsOnly)
        {
            _labelTokens.Forward(a.Input, a.RowTokens);
        }
        else if (a.RowTokens != a.Input)
        {
            a.RowTokens.CopyFrom(a.Input);
        }
    }

    AttentionShape OverColumns(EpisodeShape shape, LayerActivations a) =>
        new(shape.Rows, 1, a.LabelsOnly ? 1 : shape.Columns, shape.Columns, Config.Heads);

    // Context rows and query rows attend to the same keys; they lie apart, so they are two problems.
    IEnumerable<(AttentionShape Shape, int First)> OverRows(EpisodeShape shape, LayerActivations a)
    {
        int columns = a.LabelsOnly ? 1 : shape.Columns, first = 0;
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

    void Attend(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
    {
        if (Config.Attention == AttentionKind.Linear)
        {
            _linearAttention.Forward(shape, q, keyValue, o);
        }
        else
        {
            _attention.Forward(shape, q, keyValue, o, logSumExp);
        }
    }

    void BackwardAttend(
        in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
        Tensor dq, Tensor dKeyValue, bool accumulate)
    {
        if (Config.Attention == AttentionKind.Linear)
        {
            _linearAttention.Backward(shape, dAttended, q, keyValue, o, dq, dKeyValue, accumulate);
        }
        else
        {
            _attention.Backward(shape, dAttended, q, keyValue, o, logSumExp, dq, dKeyValue, accumulate);
        }
    }

    void Project(Tensor x, LinearParameters w, Tensor y, bool accumulate = false) =>
        _linear.Forward(x, w.Weight, w.Bias, y, accumulate);

    void BackwardProject(
        Tensor dy, Tensor x, LinearParameters w, LinearParameters dw, Tensor dx, bool accumulate = false) =>
        _linear.Backward(dy, x, w.Weight, dx, dw.Weight, dw.Bias, accumulate);

    void Normalize(Tensor x, NormParameters w, NormActivations a) =>
        _norm.Forward(x, null, w.Weight, w.Bias, a.Output, a.Normalized, a.Rstd);

    // The norm of the residual's sum with the projection of x.
    void AddAndNormalize(Tensor x, LinearParameters projection, Tensor residual, NormParameters w, NormActivations a)
    {
        Project(x, projection, a.Normalized);
        _norm.Forward(a.Normalized, residual, w.Weight, w.Bias, a.Output, a.Normalized, a.Rstd);
    }

    void BackwardNorm(
        Tensor dy, NormActivations a, NormParameters w, NormParameters dw, Tensor dz, bool accumulate = false) =>
        _norm.Backward(dy, a.Normalized, a.Rstd, w.Weight, dz, dw.Weight, dw.Bias, accumulate);

    // The gradients of activations that are alive at one time, shared by all layers.
    readonly struct Gradients
    {
        internal readonly Tensor Output, RowTokens, Tokens, Read, Wide, Attended, Projected, KeyValue;

        internal Gradients(TransformerConfig config, EpisodeShape shape, LayerActivations last, Workspace workspace)
        {
            int tokens = shape.Rows * shape.Columns;
            Output = workspace.Take(last.Output.Rows, config.Width);
            RowTokens = workspace.Take(last.RowTokens.Rows, config.Width);
            Tokens = workspace.Take(last.LabelsOnly ? tokens : 0, config.Width);
            Read = workspace.Take(tokens, config.Width);
            Wide = workspace.Take(tokens, config.Hidden);
            Attended = workspace.Take(tokens, config.Width);
            Projected = workspace.Take(tokens, config.Width);
            KeyValue = workspace.Take(tokens, 2 * config.Width);
        }
    }
}
