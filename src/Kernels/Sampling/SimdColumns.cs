using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// What the CPU twins share: chunks of rows that stay in the first-level cache, and gathers from a table.
/// </summary>
static unsafe class SimdColumns
{
    /// <summary>Rows in a chunk: 4 KiB a column, so that some six columns stay in a 32 KiB cache.</summary>
    /// <remarks>
    /// A multiple of 32. Chunks are padded to whole vectors, so a row's bits never depend on where a block ends.
    /// </remarks>
    public const int ChunkRows = 1024;

    /// <summary>Floats in a vector.</summary>
    public const int Lanes = 8;

    /// <summary>How many chunks <paramref name="rows"/> make.</summary>
    public static int Chunks(int rows) => (rows + ChunkRows - 1) / ChunkRows;

    /// <summary><paramref name="count"/> rounded up to whole vectors.</summary>
    public static int Padded(int count) => (count + Lanes - 1) & ~(Lanes - 1);

    /// <summary>table[index] in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Gather(float* table, Vector256<int> index)
    {
        if (Avx2.IsSupported)
        {
            return Avx2.GatherVector256(table, index, sizeof(float));
        }

        return Vector256.Create(
            table[index[0]], table[index[1]], table[index[2]], table[index[3]],
            table[index[4]], table[index[5]], table[index[6]], table[index[7]]);
    }

    /// <summary>A whole number in 0 … count − 1 in every lane, the twin of <see cref="RowDraws.Below"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Below(uint count, Vector256<uint> words)
    {
        if (Avx2.IsSupported)
        {
            return RowDraws.Multiply(words, count).High.AsInt32();
        }

        var below = Vector256<int>.Zero;
        for (int lane = 0; lane < Lanes; lane++)
        {
            below = below.WithElement(lane, (int)(((ulong)words[lane] * count) >> 32));
        }

        return below;
    }

    /// <summary>Copies <paramref name="count"/> values and fills the rest of the last vector with zeros.</summary>
    public static void CopyPadded(float* from, float* to, int count)
    {
        Unsafe.CopyBlock(to, from, (uint)(count * sizeof(float)));
        for (int row = count; row < Padded(count); row++)
        {
            to[row] = 0;
        }
    }
}
