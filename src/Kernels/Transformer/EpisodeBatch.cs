namespace CausalMixFT.Kernels.Transformer;

/// <summary>Tables of one shape: in each, rows whose labels are given (context) and rows whose labels are asked for (query).</summary>
public sealed record EpisodeBatch
{
    /// <summary>Tables T of <paramref name="contextRows"/> N and <paramref name="queryRows"/> M rows.</summary>
    /// <param name="tables">T.</param>
    /// <param name="contextRows">N, at least 1.</param>
    /// <param name="queryRows">M.</param>
    /// <param name="columns">Feature columns F, the label not counted.</param>
    /// <param name="cells">Raw cells (T, N + M, F), the context rows of each table first; NaN is missing.</param>
    /// <param name="contextLabels">Labels (T, N) as class numbers from 0.</param>
    public EpisodeBatch(
        int tables, int contextRows, int queryRows, int columns, ReadOnlyMemory<float> cells, ReadOnlyMemory<float> contextLabels)
    {
        if (tables < 1 || contextRows < 1 || queryRows < 0 || columns < 1
            || cells.Length != (long)tables * (contextRows + queryRows) * columns
            || contextLabels.Length != (long)tables * contextRows)
        {
            throw new ArgumentException(
                $"{tables} tables of {contextRows} + {queryRows} rows and {columns} columns do not have " +
                $"{cells.Length} cells and {contextLabels.Length} labels.");
        }

        (Tables, ContextRows, QueryRows, Columns, Cells, ContextLabels) =
            (tables, contextRows, queryRows, columns, cells, contextLabels);
    }

    /// <summary>Tables T.</summary>
    public int Tables { get; }

    /// <summary>Context rows N of each table.</summary>
    public int ContextRows { get; }

    /// <summary>Query rows M of each table.</summary>
    public int QueryRows { get; }

    /// <summary>Feature columns F.</summary>
    public int Columns { get; }

    /// <summary>Raw cells (T, N + M, F).</summary>
    public ReadOnlyMemory<float> Cells { get; }

    /// <summary>Context labels (T, N).</summary>
    public ReadOnlyMemory<float> ContextLabels { get; }

    /// <summary>The cells (T, M, F) of the query rows.</summary>
    public float[] QueryCells()
    {
        int ofContext = ContextRows * Columns, ofQuery = QueryRows * Columns;
        var cells = new float[Tables * ofQuery];
        for (int table = 0; table < Tables; table++)
        {
            Cells.Span.Slice(table * (ofContext + ofQuery) + ofContext, ofQuery).CopyTo(cells.AsSpan(table * ofQuery));
        }

        return cells;
    }

    /// <summary>The same tables without their query rows.</summary>
    public EpisodeBatch ContextAlone()
    {
        if (QueryRows == 0)
        {
            return this;
        }

        int perTable = (ContextRows + QueryRows) * Columns, kept = ContextRows * Columns;
        var cells = new float[Tables * kept];
        for (int table = 0; table < Tables; table++)
        {
            Cells.Span.Slice(table * perTable, kept).CopyTo(cells.AsSpan(table * kept));
        }

        return new(Tables, ContextRows, 0, Columns, cells, ContextLabels);
    }
}
