namespace CausalMixFT.Engine.Scm;

/// <summary>A seed's endless table of rows.</summary>
interface IRowSource : IDisposable
{
    /// <summary>
    /// Writes rows <paramref name="firstRow"/> … of the table of <paramref name="seed"/> into each column's array, from
    /// <paramref name="offset"/> on.
    /// </summary>
    void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset);

    /// <summary>Rows that were drawn and rows that were given, where some are thrown away; else none of either.</summary>
    (long Drawn, long Kept) Tally => (0, 0);
}
