using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>A model and an episode for it; all numbers are floats' and pure functions of the case.</summary>
public sealed record OracleCase(string Name, TransformerConfig Config)
{
    public int Tables { get; init; } = 2;

    public int ContextRows { get; init; } = 6;

    public int QueryRows { get; init; } = 3;

    public int Columns { get; init; } = 7;

    int Rows => ContextRows + QueryRows;

    /// <summary>The gradient of the logits that tests use.</summary>
    public double[] LogitGradient => Values.Draw(4, Tables * QueryRows * Config.Classes);

    /// <summary>
    /// Weights near what a trained model has: norms near 1, small biases, projections that keep the size of their input; but
    /// the encoder of standardised cells shrinks it, for at ±100 a float's rounding of attention scores is a hundred times
    /// larger too.
    /// </summary>
    public Dictionary<string, double[]> Weights() => Parameters.Layout(Config).Select((info, i) =>
    {
        bool bias = info.Name.EndsWith("bias", StringComparison.Ordinal);
        bool norm = info.Name.Contains("norm", StringComparison.Ordinal);
        bool cells = info.Name.StartsWith("feature_encoder.linear", StringComparison.Ordinal) && info.Width == Config.CellInputs;
        double gain = bias || norm ? 0.3 : info.Name == "thinking_rows" ? 1 : Math.Sqrt(3.0 / info.Width);
        gain *= cells && !bias && Config.Cells != CellEncoding.Raw ? 0.2 : 1;
        double[] draws = Values.Draw(100 + i, info.Length);
        return (info.Name, Values: Array.ConvertAll(
            draws, u => (double)(float)(gain * u + (norm && !bias ? 1 : 0))));
    }).ToDictionary(weight => weight.Name, weight => weight.Values);

    public OracleEpisode Episode() => new(
        Tables, ContextRows, QueryRows, Columns, Cells(), Labels(),
        Values.Draw(3, (Config.Tokens(Columns) - 1) * Config.ColumnEmbedding));

    // Real numbers where the encoder has no use for classes; else classes, with gaps between them where it closes gaps.
    double[] Labels() => Values.Draw(2, Tables * ContextRows).Select(u =>
        Config.Labels == LabelEncoding.Flagged && !Config.DensifyLabels ? u
        : Math.Floor((u + 1) / 2 * Config.Classes) * (Config.DensifyLabels ? 2.5 : 1)).ToArray();

    // The columns differ in place and scale. But where cells are read raw, the first table has a column with gaps and
    // infinities, one that is constant, one that is constant in the context, one with far values, and one all missing there.
    double[] Cells()
    {
        double[] cells = Values.Draw(1, Tables * Rows * Columns);
        if (Config.Cells == CellEncoding.Raw)
        {
            return cells;
        }

        for (int i = 0; i < cells.Length; i++)
        {
            int column = i % Columns, row = i / Columns % Rows;
            bool context = row < ContextRows, first = i < Rows * Columns;
            double x = (float)(cells[i] * (1 + column) + column / 2.0);
            cells[i] = (first, column, row - ContextRows, row) switch
            {
                (true, 1, _, 1) or (true, 1, 0, _) or (false, 2, _, 0) or (false, 2, 1, _) => double.NaN,
                (true, 1, _, 2) => double.PositiveInfinity,
                (true, 1, 1, _) => double.NegativeInfinity,
                (true, 2, _, _) => 1.5,
                (true, 3, _, _) when context => 0.25,
                (true, 4, 0, _) => 1e5,
                (true, 4, 1, _) => -1e5,
                (true, 5, _, _) when context => double.NaN,
                _ => x,
            };
        }

        return cells;
    }

    public override string ToString() => Name;
}
