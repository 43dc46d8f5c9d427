namespace CausalMixFT.Engine.Scm;

/// <summary>A seed's endless table of rows.</summary>
interface IRowSource : IDisposable
{
    /// <summary>
    /// Writes rows <paramref name="firstRow"/> … of the table of <paramref name="seed"/> into each column's array, from
    /// <paramref name="offset"/> on.
    /// </summary>
    void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset);
}
