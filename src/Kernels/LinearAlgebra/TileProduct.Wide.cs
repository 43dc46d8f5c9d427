using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.LinearAlgebra;

// Tiles for processors with AVX-512: the same sums in the same order as the narrow ones', so the same bits.
static unsafe partial class TileProduct
{
    /// <summary>Six rows of 32 columns, the second sixteen <paramref name="bNext"/> elements from the first: two panels, or 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile6x32(
        int depth, float* a, nint aRow, nint aStep, float* b, nint bNext, nint bStep, float* start, nint startRow, float* c, nint cRow)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        if (start is not null)
        {
            (c00, c01) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c10, c11) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c20, c21) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c30, c31) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c40, c41) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c50, c51) = (Vector512.Load(start), Vector512.Load(start + 16));
        }

        // The lower rows have a pointer of their own, so that all addresses stay in registers.
        nint row2 = 2 * aRow;
        float* low = a + 3 * aRow;
        for (; depth > 0; depth--, a += aStep, low += aStep, b += bStep)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + bNext);
            var x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[row2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(*low);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(low[aRow]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(low[row2]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
        }

        c00.Store(c);
        c01.Store(c + 16);
        c += cRow;
        c10.Store(c);
        c11.Store(c + 16);
        c += cRow;
        c20.Store(c);
        c21.Store(c + 16);
        c += cRow;
        c30.Store(c);
        c31.Store(c + 16);
        c += cRow;
        c40.Store(c);
        c41.Store(c + 16);
        c += cRow;
        c50.Store(c);
        c51.Store(c + 16);
    }

    /// <summary>Eight rows of 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile8x32(
        int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* start, nint startRow, float* c, nint cRow)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default;
        if (start is not null)
        {
            (c00, c01) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c10, c11) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c20, c21) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c30, c31) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c40, c41) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c50, c51) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c60, c61) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += startRow;
            (c70, c71) = (Vector512.Load(start), Vector512.Load(start + 16));
        }

        // The lower rows have a pointer of their own, so that all addresses stay in registers.
        nint row2 = 2 * aRow, row3 = 3 * aRow;
        float* low = a + 4 * aRow;
        for (; depth > 0; depth--, a += aStep, low += aStep, b += bStep)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(*a);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[row2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a[row3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(*low);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(low[aRow]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(low[row2]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(low[row3]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
        }

        c00.Store(c);
        c01.Store(c + 16);
        c += cRow;
        c10.Store(c);
        c11.Store(c + 16);
        c += cRow;
        c20.Store(c);
        c21.Store(c + 16);
        c += cRow;
        c30.Store(c);
        c31.Store(c + 16);
        c += cRow;
        c40.Store(c);
        c41.Store(c + 16);
        c += cRow;
        c50.Store(c);
        c51.Store(c + 16);
        c += cRow;
        c60.Store(c);
        c61.Store(c + 16);
        c += cRow;
        c70.Store(c);
        c71.Store(c + 16);
    }
}
