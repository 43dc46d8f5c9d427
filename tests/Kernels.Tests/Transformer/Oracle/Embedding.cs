using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// The tokens that the first layer reads: an encoder of a group's cells plus the group's column embedding, an encoder of
/// the label, and before the context rows the thinking rows, whose tokens are all the same.
/// </summary>
sealed class Embedding(TransformerConfig config, NamedWeights weights, OracleEpisode episode, TokenGrid grid)
{
    readonly CellInputs _cells = new(config, episode);
    readonly Stage _cellEncoder = Encoder(config, weights, "feature_encoder", config.EncoderHidden, config.EncoderBias);
    readonly Stage _labelEncoder = Encoder(config, weights, "target_encoder", config.LabelEncoderHidden, bias: true);
    readonly Stage? _columns = config.ColumnEmbedding == 0
        ? null
        : new Projection(weights, "column_embedding.weight", "column_embedding.bias", config.Width);

    int Groups => grid.Tokens - 1;

    /// <summary>What the encoder of cells reads: (tables · rows · groups, inputs).</summary>
    public Matrix CellInputs { get; private set; } = new(0, 0);

    /// <summary>What the encoder of labels reads: (tables · rows, inputs).</summary>
    public Matrix LabelInputs { get; private set; } = new(0, 0);

    public Matrix Forward()
    {
        CellInputs = _cells.Forward();
        LabelInputs = Oracle.LabelInputs.Of(config, episode);
        Matrix cells = _cellEncoder.Forward(CellInputs), labels = _labelEncoder.Forward(LabelInputs);
        var columns = _columns?.Forward(new(Groups, config.ColumnEmbedding, episode.ColumnVectors)) ?? new(Groups, config.Width);
        var tokens = new Matrix(grid.Count, config.Width);
        for (int i = 0; i < config.Width; i++)
        {
            foreach (var (token, thinking) in ThinkingTokens())
            {
                tokens[token, i] = weights.Weight("thinking_rows")[thinking * config.Width + i];
            }

            foreach (var (token, row, group) in CellTokens())
            {
                tokens[token, i] = cells[row * Groups + group, i] + columns[group, i];
            }

            foreach (var (token, row) in LabelTokens())
            {
                tokens[token, i] = labels[row, i];
            }
        }

        return tokens;
    }

    /// <summary>Adds to the weights' gradients and returns that of the cells.</summary>
    public double[] Backward(Matrix dTokens)
    {
        Matrix dCells = new(CellInputs.Rows, config.Width), dLabels = new(LabelInputs.Rows, config.Width);
        var dColumns = new Matrix(Groups, config.Width);
        for (int i = 0; i < config.Width; i++)
        {
            foreach (var (token, thinking) in ThinkingTokens())
            {
                weights.Gradient("thinking_rows")[thinking * config.Width + i] += dTokens[token, i];
            }

            foreach (var (token, row, group) in CellTokens())
            {
                dCells[row * Groups + group, i] = dTokens[token, i];
                dColumns[group, i] += dTokens[token, i];
            }

            foreach (var (token, row) in LabelTokens())
            {
                dLabels[row, i] = dTokens[token, i];
            }
        }

        _columns?.Backward(dColumns);
        _labelEncoder.Backward(dLabels);
        return _cells.Backward(_cellEncoder.Backward(dCells));
    }

    static Stage Encoder(TransformerConfig config, NamedWeights weights, string name, int hidden, bool bias)
    {
        Projection Linear(string part, int outputs) =>
            new(weights, $"{name}.{part}.weight", bias ? $"{name}.{part}.bias" : null, outputs);
        return hidden == 0
            ? Linear("linear_layer", config.Width)
            : new Chain(Linear("linear1", hidden), new GeluStage(), Linear("linear2", config.Width));
    }

    IEnumerable<(int Token, int Thinking)> ThinkingTokens() =>
        from table in Enumerable.Range(0, grid.Tables)
        from thinking in Enumerable.Range(0, grid.ThinkingRows)
        from token in Enumerable.Range(0, grid.Tokens)
        select (grid.At(table, thinking, token), thinking);

    // Rows are counted over all tables, thinking rows left out.
    IEnumerable<(int Token, int Row, int Group)> CellTokens() =>
        from row in Enumerable.Range(0, episode.Tables * episode.Rows)
        from token in Enumerable.Range(0, Groups)
        select (TokenOf(row, token), row, token);

    IEnumerable<(int Token, int Row)> LabelTokens() =>
        Enumerable.Range(0, episode.Tables * episode.Rows).Select(row => (TokenOf(row, Groups), row));

    int TokenOf(int row, int token) => grid.At(row / episode.Rows, grid.ThinkingRows + row % episode.Rows, token);
}
