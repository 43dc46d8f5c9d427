using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>Tables of one shape, as <see cref="EpisodeBatch"/>, in double precision.</summary>
/// <param name="Tables">T.</param>
/// <param name="ContextRows">N.</param>
/// <param name="QueryRows">M.</param>
/// <param name="Columns">F.</param>
/// <param name="Cells">(T, N + M, F), NaN and ±∞ among them.</param>
/// <param name="Labels">(T, N), finite.</param>
/// <param name="ColumnVectors">(feature tokens, <see cref="TransformerConfig.ColumnEmbedding"/>).</param>
public sealed record OracleEpisode(
    int Tables, int ContextRows, int QueryRows, int Columns, double[] Cells, double[] Labels, double[] ColumnVectors)
{
    public int Rows => ContextRows + QueryRows;

    /// <summary>The cells of one column of one table.</summary>
    public double[] Column(int table, int column) =>
        [.. Enumerable.Range(table * Rows, Rows).Select(row => Cells[row * Columns + column])];
}
