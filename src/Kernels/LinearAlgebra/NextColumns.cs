using System.Runtime.Intrinsics.X86;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>The rows of columns that are packed next, fetched into the second-level cache while others are multiplied.</summary>
unsafe struct NextColumns(double** columns, int count, int first, int length)
{
    const int CacheLine = 8;

    int _column;

    /// <summary>Fetches <paramref name="most"/> more columns, as far as there are any.</summary>
    public void Fetch(int most)
    {
        for (; Sse.IsSupported && most > 0 && _column < count; most--, _column++)
        {
            double* values = columns[_column] + first;
            for (int i = 0; i < length; i += CacheLine)
            {
                Sse.Prefetch1(values + i);
            }
        }
    }
}
