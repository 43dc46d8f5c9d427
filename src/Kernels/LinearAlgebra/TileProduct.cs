using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Products of one register tile: <c>c[r, j] = start[r, j] + Σₚ a[r · aRow + p · aStep] · b[p · bStep + j]</c>.</summary>
/// <remarks>
/// Both operands may be read in place: aRow and aStep are the strides of A along its rows and along the sum, so a
/// transposed A costs nothing. A null start is zero; a bias is start with startRow 0; C itself accumulates.
/// Twelve accumulators fill AVX2's sixteen registers: 6 rows of 16, or 4 rows of 24 where 24 divides the width.
/// </remarks>
static unsafe partial class TileProduct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile6x16(
        int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* start, nint startRow, float* c, nint cRow)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        if (start is not null)
        {
            (c00, c01) = (Vector256.Load(start), Vector256.Load(start + 8));
            start += startRow;
            (c10, c11) = (Vector256.Load(start), Vector256.Load(start + 8));
            start += startRow;
            (c20, c21) = (Vector256.Load(start), Vector256.Load(start + 8));
            start += startRow;
            (c30, c31) = (Vector256.Load(start), Vector256.Load(start + 8));
            start += startRow;
            (c40, c41) = (Vector256.Load(start), Vector256.Load(start + 8));
            start += startRow;
            (c50, c51) = (Vector256.Load(start), Vector256.Load(start + 8));
        }

        nint row2 = 2 * aRow, row3 = 3 * aRow, row4 = 4 * aRow, row5 = 5 * aRow;
        for (; depth > 0; depth--, a += aStep, b += bStep)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x = Vector256.Create(*a);
            c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
            x = Vector256.Create(a[aRow]);
            c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
            x = Vector256.Create(a[row2]);
            c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
            x = Vector256.Create(a[row3]);
            c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
            x = Vector256.Create(a[row4]);
            c40 = Vector256.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(x, b1, c41);
            x = Vector256.Create(a[row5]);
            c50 = Vector256.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(x, b1, c51);
        }

        c00.Store(c);
        c01.Store(c + 8);
        c += cRow;
        c10.Store(c);
        c11.Store(c + 8);
        c += cRow;
        c20.Store(c);
        c21.Store(c + 8);
        c += cRow;
        c30.Store(c);
        c31.Store(c + 8);
        c += cRow;
        c40.Store(c);
        c41.Store(c + 8);
        c += cRow;
        c50.Store(c);
        c51.Store(c + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile4x24(
        int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* start, nint startRow, float* c, nint cRow)
    {
        Vector256<float> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector256<float> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        if (start is not null)
        {
            (c00, c01, c02) = (Vector256.Load(start), Vector256.Load(start + 8), Vector256.Load(start + 16));
            start += startRow;
            (c10, c11, c12) = (Vector256.Load(start), Vector256.Load(start + 8), Vector256.Load(start + 16));
            start += startRow;
            (c20, c21, c22) = (Vector256.Load(start), Vector256.Load(start + 8), Vector256.Load(start + 16));
            start += startRow;
            (c30, c31, c32) = (Vector256.Load(start), Vector256.Load(start + 8), Vector256.Load(start + 16));
        }

        nint row2 = 2 * aRow, row3 = 3 * aRow;
        for (; depth > 0; depth--, a += aStep, b += bStep)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var b2 = Vector256.Load(b + 16);
            var x = Vector256.Create(*a);
            c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
            c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
            x = Vector256.Create(a[aRow]);
            c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
            c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
            x = Vector256.Create(a[row2]);
            c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
            c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
            x = Vector256.Create(a[row3]);
            c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
            c32 = Vector256.FusedMultiplyAdd(x, b2, c32);
        }

        c00.Store(c);
        c01.Store(c + 8);
        c02.Store(c + 16);
        c += cRow;
        c10.Store(c);
        c11.Store(c + 8);
        c12.Store(c + 16);
        c += cRow;
        c20.Store(c);
        c21.Store(c + 8);
        c22.Store(c + 16);
        c += cRow;
        c30.Store(c);
        c31.Store(c + 8);
        c32.Store(c + 16);
    }

    /// <summary>Six rows of eight, for a matrix with no more columns: half the registers, three quarters of the speed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile6x8(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow)
    {
        Vector256<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        nint row2 = 2 * aRow, row3 = 3 * aRow, row4 = 4 * aRow, row5 = 5 * aRow;
        for (; depth > 0; depth--, a += aStep, b += bStep)
        {
            var x = Vector256.Load(b);
            c0 = Vector256.FusedMultiplyAdd(Vector256.Create(*a), x, c0);
            c1 = Vector256.FusedMultiplyAdd(Vector256.Create(a[aRow]), x, c1);
            c2 = Vector256.FusedMultiplyAdd(Vector256.Create(a[row2]), x, c2);
            c3 = Vector256.FusedMultiplyAdd(Vector256.Create(a[row3]), x, c3);
            c4 = Vector256.FusedMultiplyAdd(Vector256.Create(a[row4]), x, c4);
            c5 = Vector256.FusedMultiplyAdd(Vector256.Create(a[row5]), x, c5);
        }

        c0.Store(c);
        c1.Store(c + cRow);
        c2.Store(c + 2 * cRow);
        c3.Store(c + 3 * cRow);
        c4.Store(c + 4 * cRow);
        c5.Store(c + 5 * cRow);
    }

    /// <summary>One row of eight · <paramref name="vectors"/> (at most 4), for the rows that a tile does not divide.</summary>
    internal static void TileRow(int vectors, int depth, float* a, nint aStep, float* b, nint bStep, float* start, float* c)
    {
        Vector256<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (start is not null)
        {
            c0 = Vector256.Load(start);
            c1 = vectors > 1 ? Vector256.Load(start + 8) : c1;
            c2 = vectors > 2 ? Vector256.Load(start + 16) : c2;
            c3 = vectors > 3 ? Vector256.Load(start + 24) : c3;
        }

        for (; depth > 0; depth--, a += aStep, b += bStep)
        {
            var x = Vector256.Create(*a);
            c0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b), c0);
            if (vectors > 1)
            {
                c1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + 8), c1);
            }

            if (vectors > 2)
            {
                c2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + 16), c2);
            }

            if (vectors > 3)
            {
                c3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + 24), c3);
            }
        }

        c0.Store(c);
        if (vectors > 1)
        {
            c1.Store(c + 8);
        }

        if (vectors > 2)
        {
            c2.Store(c + 16);
        }

        if (vectors > 3)
        {
            c3.Store(c + 24);
        }
    }

    /// <summary>Panels of sixteen columns of op(B), k by k, the last one filled with zeros: panel[p · 16 + j].</summary>
    /// <param name="b">B, or with <paramref name="transposed"/> the matrix whose rows are B's columns.</param>
    /// <param name="stride">Elements from one row of what is stored to the next.</param>
    /// <param name="depth">Rows of op(B).</param>
    /// <param name="columns">Columns of op(B).</param>
    /// <param name="transposed">Whether what is stored is Bᵀ.</param>
    /// <param name="panels">At least ⌈columns / 16⌉ · 16 · depth elements.</param>
    internal static void PackPanels(float* b, nint stride, int depth, int columns, bool transposed, float* panels)
    {
        for (int j = 0; j < columns; j += 16, panels += 16 * depth)
        {
            int count = Math.Min(16, columns - j);
            if (count < 16)
            {
                new Span<float>(panels, 16 * depth).Clear();
            }

            if (transposed)
            {
                Transpose(b + j * stride, stride, count, depth, panels, 16);
            }
            else if (count == 16)
            {
                for (int p = 0; p < depth; p++)
                {
                    Vector256.Load(b + p * stride + j).Store(panels + 16 * p);
                    Vector256.Load(b + p * stride + j + 8).Store(panels + 16 * p + 8);
                }
            }
            else
            {
                for (int p = 0; p < depth; p++)
                {
                    for (int r = 0; r < count; r++)
                    {
                        panels[16 * p + r] = b[p * stride + j + r];
                    }
                }
            }
        }
    }

    /// <summary>Writes target[p · targetStride + r] = source[r · stride + p] for r below rows and p below columns.</summary>
    internal static void Transpose(float* source, nint stride, int rows, int columns, float* target, nint targetStride)
    {
        int wholeRows = Avx.IsSupported ? rows & ~7 : 0, wholeColumns = columns & ~7;
        for (int r = 0; r < wholeRows; r += 8)
        {
            for (int p = 0; p < wholeColumns; p += 8)
            {
                Transpose8x8(source + r * stride + p, stride, target + p * targetStride + r, targetStride);
            }
        }

        for (int r = 0; r < rows; r++)
        {
            for (int p = r < wholeRows ? wholeColumns : 0; p < columns; p++)
            {
                target[p * targetStride + r] = source[r * stride + p];
            }
        }
    }

    /// <summary>Transposes up to whole vectors: the last row stands in for those that are missing up to the next eight.</summary>
    /// <remarks>Eight must divide columns; target has ⌈rows / 8⌉ · 8 elements in each of its rows.</remarks>
    internal static void TransposeRepeating(float* source, nint stride, int rows, int columns, float* target, nint targetStride)
    {
        if (!Avx.IsSupported)
        {
            for (int r = 0; r < (rows + 7) / 8 * 8; r++)
            {
                Transpose(source + Math.Min(r, rows - 1) * stride, stride, 1, columns, target + r, targetStride);
            }

            return;
        }

        for (int r = 0; r < rows; r += 8)
        {
            int last = Math.Min(7, rows - 1 - r);
            for (int p = 0; p < columns; p += 8)
            {
                Transpose8x8(source + r * stride + p, stride, target + p * targetStride + r, targetStride, last);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Transpose8x8(float* source, nint stride, float* target, nint targetStride, int last = 7)
    {
        Vector256<float> r0 = Vector256.Load(source), r1 = Vector256.Load(source + Math.Min(1, last) * stride);
        Vector256<float> r2 = Vector256.Load(source + Math.Min(2, last) * stride);
        Vector256<float> r3 = Vector256.Load(source + Math.Min(3, last) * stride);
        Vector256<float> r4 = Vector256.Load(source + Math.Min(4, last) * stride);
        Vector256<float> r5 = Vector256.Load(source + Math.Min(5, last) * stride);
        Vector256<float> r6 = Vector256.Load(source + Math.Min(6, last) * stride);
        Vector256<float> r7 = Vector256.Load(source + Math.Min(7, last) * stride);
        Vector256<float> t0 = Avx.UnpackLow(r0, r1), t1 = Avx.UnpackHigh(r0, r1);
        Vector256<float> t2 = Avx.UnpackLow(r2, r3), t3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> t4 = Avx.UnpackLow(r4, r5), t5 = Avx.UnpackHigh(r4, r5);
        Vector256<float> t6 = Avx.UnpackLow(r6, r7), t7 = Avx.UnpackHigh(r6, r7);
        r0 = Avx.Shuffle(t0, t2, 0x44);
        r1 = Avx.Shuffle(t0, t2, 0xEE);
        r2 = Avx.Shuffle(t1, t3, 0x44);
        r3 = Avx.Shuffle(t1, t3, 0xEE);
        r4 = Avx.Shuffle(t4, t6, 0x44);
        r5 = Avx.Shuffle(t4, t6, 0xEE);
        r6 = Avx.Shuffle(t5, t7, 0x44);
        r7 = Avx.Shuffle(t5, t7, 0xEE);
        Avx.Permute2x128(r0, r4, 0x20).Store(target);
        Avx.Permute2x128(r1, r5, 0x20).Store(target + targetStride);
        Avx.Permute2x128(r2, r6, 0x20).Store(target + 2 * targetStride);
        Avx.Permute2x128(r3, r7, 0x20).Store(target + 3 * targetStride);
        Avx.Permute2x128(r0, r4, 0x31).Store(target + 4 * targetStride);
        Avx.Permute2x128(r1, r5, 0x31).Store(target + 5 * targetStride);
        Avx.Permute2x128(r2, r6, 0x31).Store(target + 6 * targetStride);
        Avx.Permute2x128(r3, r7, 0x31).Store(target + 7 * targetStride);
    }
}
