namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// Where tokens lie: by table, then by row, then by token; a table's rows are its thinking, context and query rows, a row's
/// tokens its groups of columns and last its label.
/// </summary>
readonly record struct TokenGrid(int Tables, int ThinkingRows, int ContextRows, int QueryRows, int Tokens)
{
    /// <summary>Rows that others attend to, the first of each table.</summary>
    public int Keys => ThinkingRows + ContextRows;

    public int RowsOfTable => Keys + QueryRows;

    public int Count => Tables * RowsOfTable * Tokens;

    public int At(int table, int row, int token) => (table * RowsOfTable + row) * Tokens + token;
}
