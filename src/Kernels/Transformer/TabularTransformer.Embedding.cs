using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Transformer;

public sealed partial class TabularTransformer
{
    // Writes the tokens of a batch, in the order of EpisodeShape.
    (EncoderActivations Features, EncoderActivations Labels) Embed(
        EpisodeBatch batch, CellEncoder cells, EpisodeShape shape, Tensor tokens, bool keep, Workspace workspace, out Tensor? noise)
    {
        int groups = shape.Columns - 1, contextRows = batch.Tables * batch.ContextRows, queryRows = batch.Tables * batch.QueryRows;
        int stride = (batch.ContextRows + batch.QueryRows) * batch.Columns, contextInputs = contextRows * groups * Config.CellInputs;
        var inputs = new float[(contextRows + queryRows) * groups * Config.CellInputs];
        cells.Encode(batch.ContextRows, batch.Cells, stride, inputs.AsMemory(0, contextInputs));
        if (batch.QueryRows > 0)
        {
            cells.Encode(
                batch.QueryRows, batch.Cells[(batch.ContextRows * batch.Columns)..], stride, inputs.AsMemory(contextInputs));
        }

        var labelInputs = workspace.Take(contextRows + queryRows, Config.LabelInputs);
        labelInputs.Slice(0, contextRows).CopyFrom(LabelEncoder.Context(Config, batch));
        labelInputs.Slice(contextRows, queryRows).CopyFrom(Repeated(LabelEncoder.Query(Config, batch), batch.QueryRows));

        var features = EncoderOf(Upload(inputs, Config.CellInputs, workspace), Config.EncoderHidden, keep, workspace);
        var labels = EncoderOf(labelInputs, Config.LabelEncoderHidden, keep, workspace);
        EmbedRows(Parts(batch), features, labels, ColumnTokens(groups, workspace, out noise), shape.Columns, tokens);
        foreach (int token in ThinkingParts(batch))
        {
            _whole.Assembly.ForwardThinking(
                Parameters.Weight("thinking_rows"),
                tokens.Slice(token * shape.Columns, Config.ThinkingRows * shape.Columns));
        }

        return (features, labels);
    }

    // Writes the tokens of runs of rows, block by block: what the encoders give stays in cache.
    void EmbedRows(
        IEnumerable<(int First, int Rows, int Token)> parts, EncoderActivations features, EncoderActivations labels, Tensor? columns,
        int tokensPerRow, Tensor tokens)
    {
        int groups = tokensPerRow - 1;
        _packed.Reset();
        var featureWeights = PackEncoder("feature_encoder", Config.EncoderHidden);
        var labelWeights = PackEncoder("target_encoder", Config.LabelEncoderHidden);
        foreach (var (first, count, token) in parts)
        {
            _blocks.Run(first, count, tokensPerRow, rows => _inBlock.Assembly.Forward(
                Encode(featureWeights, features, rows, groups), Encode(labelWeights, labels, rows, 1), columns,
                rows.From(first - token).Of(tokens, tokensPerRow)));
        }
    }

    // Adds to the gradients of all that made the tokens, and writes that of the cells if it is asked for.
    void BackwardEmbed(Activations a, Tensor dTokens, Gradients d, Memory<float> dCells)
    {
        var (batch, groups, columns) = (a.Batch, a.Shape.Columns - 1, a.Shape.Columns);
        Tensor dFeatures = d.Attended.Slice(0, a.Features.Inputs.Rows);
        var dLabels = a.Workspace.Take(a.Labels.Inputs.Rows, Config.Width);
        Tensor? dColumns = null;
        if (a.ColumnNoise is not null)
        {
            dColumns = a.Workspace.Take(groups, Config.Width);
            dColumns.Value.Clear();
        }

        foreach (var (first, rows, token) in Parts(batch))
        {
            _whole.Assembly.Backward(
                dTokens.Slice(token * columns, rows * columns), dFeatures.Slice(first * groups, rows * groups),
                dLabels.Slice(first, rows), dColumns);
        }

        foreach (int token in ThinkingParts(batch))
        {
            _whole.Assembly.BackwardThinking(
                dTokens.Slice(token * columns, Config.ThinkingRows * columns), Parameters.Gradient("thinking_rows"));
        }

        if (a.ColumnNoise is { } noise)
        {
            _whole.Linear.BackwardWeights(
                dColumns!.Value, noise, Parameters.Gradient("column_embedding.weight"), Parameters.Gradient("column_embedding.bias"));
        }

        BackwardEncode("target_encoder", a.Labels, dLabels, null, a.Workspace);
        if (dCells.IsEmpty)
        {
            BackwardEncode("feature_encoder", a.Features, dFeatures, null, a.Workspace);
            return;
        }

        var dInputs = a.Workspace.Take(a.Features.Inputs.Rows, a.Features.Inputs.Width);
        BackwardEncode("feature_encoder", a.Features, dFeatures, dInputs, a.Workspace);
        var host = dInputs.ToArray();
        int contextInputs = batch.Tables * batch.ContextRows * groups * Config.CellInputs;
        a.Cells.Backward(batch, host.AsMemory(0, contextInputs), host.AsMemory(contextInputs), dCells);
    }

    // Runs of rows of the data that lie together among the tokens: the first of the data, how many, the first row of tokens.
    IEnumerable<(int First, int Rows, int Token)> Parts(EpisodeBatch batch)
    {
        int contextRows = batch.Tables * batch.ContextRows;
        if (Config.ThinkingRows == 0)
        {
            yield return (0, contextRows + batch.Tables * batch.QueryRows, 0);
            yield break;
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            yield return (
                table * batch.ContextRows, batch.ContextRows,
                table * (Config.ThinkingRows + batch.ContextRows) + Config.ThinkingRows);
        }

        if (batch.QueryRows > 0)
        {
            yield return (contextRows, batch.Tables * batch.QueryRows, contextRows + batch.Tables * Config.ThinkingRows);
        }
    }

    IEnumerable<int> ThinkingParts(EpisodeBatch batch) => Enumerable.Range(0, Config.ThinkingRows == 0 ? 0 : batch.Tables)
        .Select(table => table * (Config.ThinkingRows + batch.ContextRows));

    static EncoderActivations EncoderOf(Tensor inputs, int hidden, bool keep, Workspace workspace) => keep && hidden > 0
        ? new(inputs, workspace.Take(inputs.Rows, hidden), workspace.Take(inputs.Rows, hidden))
        : new(inputs, null, null);

    // One linear map, or two with a GELU between them.
    (LinearParameters First, LinearParameters? Second) PackEncoder(string name, int hidden) => hidden == 0
        ? (Pack(Parameters.Linear($"{name}.linear_layer")), null)
        : (Pack(Parameters.Linear($"{name}.linear1")), Pack(Parameters.Linear($"{name}.linear2")));

    Tensor Encode((LinearParameters First, LinearParameters? Second) weights, EncoderActivations a, RowBlock rows, int tokensPerRow)
    {
        var inputs = rows.Of(a.Inputs, tokensPerRow);
        var output = rows.Take(tokensPerRow, Config.Width);
        if (weights.Second is not { } second)
        {
            Project(inputs, weights.First, output);
            return output;
        }

        int hidden = weights.First.Weight.Rows;
        Tensor up = rows.OfOrTake(a.Up, tokensPerRow, hidden), activated = rows.OfOrTake(a.Activated, tokensPerRow, hidden);
        Project(inputs, weights.First, up);
        _inBlock.Gelu.Forward(up, activated);
        Project(activated, second, output);
        return output;
    }

    void BackwardEncode(string name, EncoderActivations a, Tensor dOutput, Tensor? dInputs, Workspace workspace)
    {
        string last = name + ".linear_layer";
        var gradient = dOutput;
        if (a.Up is { } up)
        {
            gradient = workspace.Take(up.Rows, up.Width);
            BackwardProject(
                dOutput, a.Activated!.Value, Parameters.Linear($"{name}.linear2"), Parameters.LinearGradients($"{name}.linear2"),
                gradient);
            _whole.Gelu.Backward(gradient, up, gradient);
            last = name + ".linear1";
        }

        var dw = Parameters.LinearGradients(last);
        if (dInputs is { } target)
        {
            BackwardProject(gradient, a.Inputs, Parameters.Linear(last), dw, target);
        }
        else
        {
            _whole.Linear.BackwardWeights(gradient, a.Inputs, dw.Weight, dw.Bias);
        }
    }

    // What is added to the tokens of each group, (groups, width), or null; and the fixed vectors it is a map of.
    Tensor? ColumnTokens(int groups, Workspace workspace, out Tensor? noise)
    {
        noise = null;
        if (Config.ColumnEmbedding == 0)
        {
            return null;
        }

        noise = workspace.Take(groups, Config.ColumnEmbedding);
        noise.Value.CopyFrom(ColumnNoise(groups));
        var columns = workspace.Take(groups, Config.Width);
        ProjectWhole(noise.Value, Parameters.Linear("column_embedding"), columns);
        return columns;
    }

    ReadOnlySpan<float> ColumnNoise(int groups)
    {
        // Many columns at once: PyTorch draws sixteen numbers together, so that for the widths in use a column's do not depend on how
        // many follow.
        const int Columns = 2048;
        int length = groups * Config.ColumnEmbedding;
        if (ColumnVectors is { } given)
        {
            return given.Length >= length
                ? given.Span[..length]
                : throw new ArgumentException($"{groups} groups of columns are more than the model has column vectors for.");
        }

        if (_columnVectors.Length < length)
        {
            _columnVectors = TorchRandom.Normals(ColumnSeed, Math.Max(groups, Columns) * Config.ColumnEmbedding);
        }

        return _columnVectors.AsSpan(0, length);
    }

    Tensor QueryLabels(float[] inputs, int rows, Workspace workspace) =>
        Upload(Repeated(inputs, rows), Config.LabelInputs, workspace);

    // Each table's input, once for each of its rows.
    float[] Repeated(float[] inputs, int rows)
    {
        int width = Config.LabelInputs;
        var repeated = new float[inputs.Length * rows];
        for (int row = 0; row < inputs.Length / width * rows; row++)
        {
            inputs.AsSpan(row / rows * width, width).CopyTo(repeated.AsSpan(row * width));
        }

        return repeated;
    }

    static Tensor Upload(float[] values, int width, Workspace workspace)
    {
        var tensor = workspace.Take(values.Length / width, width);
        tensor.CopyFrom(values);
        return tensor;
    }
}
