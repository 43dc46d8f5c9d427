using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Sums of products of packed columns, aᵢ · bⱼ, in tiles that stay in registers.</summary>
/// <remarks>
/// A packed column is up to <see cref="Block"/> rows and zeros up to a multiple of eight; columns are <see cref="Stride"/>
/// apart, from a cache line on, and there is room for <see cref="Padded"/> of them. Every sum has eight lanes, whatever the
/// vectors' width, so that the bits do not depend on it.
/// </remarks>
readonly unsafe struct ColumnTiles(bool is512)
{
    /// <summary>Rows of a packed column: a strip's and a tile's others are 32 KiB, a whole first-level cache.</summary>
    public const int Block = 256;

    /// <summary>From one packed column to the next; the eight doubles between keep them from falling on the same cache lines.</summary>
    public const int Stride = Block + Lanes;

    const int Lanes = 8;

    // Tiles of 5 × 5 columns in the 32 registers of AVX-512, of 4 × 3 in the sixteen of AVX2; two or four to a strip.
    readonly int _tall = is512 ? 5 : 4, _wide = is512 ? 5 : 3;

    /// <summary>The widest that this machine has.</summary>
    public static ColumnTiles Widest => new(Vector512.IsHardwareAccelerated);

    /// <summary>Columns of b that meet those of a at once.</summary>
    public int Strip => is512 ? 10 : 12;

    /// <summary><paramref name="count"/> rounded up to whole strips.</summary>
    public int Padded(int count) => (count + Strip - 1) / Strip * Strip;

    /// <summary>Copies rows of a column, less <paramref name="mean"/>.</summary>
    public static void Pack(double* values, int rows, double mean, double* packed)
    {
        var minus = Vector256.Create(mean);
        int i = 0;
        for (; i <= rows - 4; i += 4)
        {
            (Vector256.Load(values + i) - minus).Store(packed + i);
        }

        for (; i < rows; i++)
        {
            packed[i] = values[i] - mean;
        }

        for (; i % Lanes != 0; i++)
        {
            packed[i] = 0;
        }
    }

    /// <summary>Adds the products of all columns of a with a strip of b's at sums[i + j · pitch].</summary>
    public void AddStrip(double* a, int countA, double* b, int countB, int strip, int rows, double* sums, int pitch)
    {
        for (int i = 0; i < countA; i += _tall)
        {
            AddRow(a, i, b, strip, Math.Min(strip + Strip, countB), rows, sums, pitch);
        }
    }

    /// <summary>The same of a strip with all columns up to its last; <paramref name="next"/> is fetched meanwhile.</summary>
    public void AddStripBelow(double* columns, int count, int strip, int rows, double* sums, int pitch, ref NextColumns next)
    {
        for (int i = 0; i < Math.Min(strip + Strip, count); i += _tall)
        {
            next.Fetch(2 * _tall * Strip / count + 1); // some count² / (2 · tall · strip) turns a block
            int first = i < strip ? strip : i - (i - strip) % _wide; // the tile that the diagonal enters
            AddRow(columns, i, columns, first, Math.Min(strip + Strip, count), rows, sums, pitch);
        }
    }

    void AddRow(double* a, int i, double* b, int first, int end, int rows, double* sums, int pitch)
    {
        int length = (rows + Lanes - 1) & -Lanes;
        for (int j = first; j < end; j += _wide)
        {
            if (is512)
            {
                Add512(a + i * Stride, b + j * Stride, length, sums + (long)j * pitch + i, pitch);
            }
            else
            {
                Add256(a + i * Stride, b + j * Stride, length, sums + (long)j * pitch + i, pitch);
            }
        }
    }

    // 5 × 5 columns: 10 loads for 25 multiply-adds.
    static void Add512(double* a, double* b, int length, double* sums, int pitch)
    {
        Vector512<double> s00 = default, s10 = default, s20 = default, s30 = default, s40 = default;
        Vector512<double> s01 = default, s11 = default, s21 = default, s31 = default, s41 = default;
        Vector512<double> s02 = default, s12 = default, s22 = default, s32 = default, s42 = default;
        Vector512<double> s03 = default, s13 = default, s23 = default, s33 = default, s43 = default;
        Vector512<double> s04 = default, s14 = default, s24 = default, s34 = default, s44 = default;
        for (double* end = a + length; a < end; a += 8, b += 8)
        {
            var x0 = Vector512.Load(b);
            var x1 = Vector512.Load(b + Stride);
            var x2 = Vector512.Load(b + 2 * Stride);
            var x3 = Vector512.Load(b + 3 * Stride);
            var x4 = Vector512.Load(b + 4 * Stride);
            var y = Vector512.Load(a);
            s00 = Vector512.FusedMultiplyAdd(y, x0, s00);
            s01 = Vector512.FusedMultiplyAdd(y, x1, s01);
            s02 = Vector512.FusedMultiplyAdd(y, x2, s02);
            s03 = Vector512.FusedMultiplyAdd(y, x3, s03);
            s04 = Vector512.FusedMultiplyAdd(y, x4, s04);
            y = Vector512.Load(a + Stride);
            s10 = Vector512.FusedMultiplyAdd(y, x0, s10);
            s11 = Vector512.FusedMultiplyAdd(y, x1, s11);
            s12 = Vector512.FusedMultiplyAdd(y, x2, s12);
            s13 = Vector512.FusedMultiplyAdd(y, x3, s13);
            s14 = Vector512.FusedMultiplyAdd(y, x4, s14);
            y = Vector512.Load(a + 2 * Stride);
            s20 = Vector512.FusedMultiplyAdd(y, x0, s20);
            s21 = Vector512.FusedMultiplyAdd(y, x1, s21);
            s22 = Vector512.FusedMultiplyAdd(y, x2, s22);
            s23 = Vector512.FusedMultiplyAdd(y, x3, s23);
            s24 = Vector512.FusedMultiplyAdd(y, x4, s24);
            y = Vector512.Load(a + 3 * Stride);
            s30 = Vector512.FusedMultiplyAdd(y, x0, s30);
            s31 = Vector512.FusedMultiplyAdd(y, x1, s31);
            s32 = Vector512.FusedMultiplyAdd(y, x2, s32);
            s33 = Vector512.FusedMultiplyAdd(y, x3, s33);
            s34 = Vector512.FusedMultiplyAdd(y, x4, s34);
            y = Vector512.Load(a + 4 * Stride);
            s40 = Vector512.FusedMultiplyAdd(y, x0, s40);
            s41 = Vector512.FusedMultiplyAdd(y, x1, s41);
            s42 = Vector512.FusedMultiplyAdd(y, x2, s42);
            s43 = Vector512.FusedMultiplyAdd(y, x3, s43);
            s44 = Vector512.FusedMultiplyAdd(y, x4, s44);
        }

        Add(sums, Fold(s00), Fold(s10), Fold(s20), Fold(s30));
        Add(sums + pitch, Fold(s01), Fold(s11), Fold(s21), Fold(s31));
        Add(sums + 2L * pitch, Fold(s02), Fold(s12), Fold(s22), Fold(s32));
        Add(sums + 3L * pitch, Fold(s03), Fold(s13), Fold(s23), Fold(s33));
        Add(sums + 4L * pitch, Fold(s04), Fold(s14), Fold(s24), Fold(s34));
        var last = Totals(Fold(s40), Fold(s41), Fold(s42), Fold(s43));
        sums[4] += last[0];
        sums[4 + pitch] += last[1];
        sums[4 + 2L * pitch] += last[2];
        sums[4 + 3L * pitch] += last[3];
        sums[4 + 4L * pitch] += Totals(Fold(s44), default, default, default)[0];
    }

    // 4 × 3 columns: 7 loads for 12 multiply-adds; the lower four lanes of all sums first, then the upper four.
    [SkipLocalsInit]
    static void Add256(double* a, double* b, int length, double* sums, int pitch)
    {
        var lower = stackalloc Vector256<double>[12];
        for (int half = 0; half < Lanes; half += 4)
        {
            Vector256<double> s00 = default, s10 = default, s20 = default, s30 = default;
            Vector256<double> s01 = default, s11 = default, s21 = default, s31 = default;
            Vector256<double> s02 = default, s12 = default, s22 = default, s32 = default;
            double* at = a + half, with = b + half;
            for (double* end = at + length; at < end; at += Lanes, with += Lanes)
            {
                var x0 = Vector256.Load(with);
                var x1 = Vector256.Load(with + Stride);
                var x2 = Vector256.Load(with + 2 * Stride);
                var y = Vector256.Load(at);
                s00 = Vector256.FusedMultiplyAdd(y, x0, s00);
                s01 = Vector256.FusedMultiplyAdd(y, x1, s01);
                s02 = Vector256.FusedMultiplyAdd(y, x2, s02);
                y = Vector256.Load(at + Stride);
                s10 = Vector256.FusedMultiplyAdd(y, x0, s10);
                s11 = Vector256.FusedMultiplyAdd(y, x1, s11);
                s12 = Vector256.FusedMultiplyAdd(y, x2, s12);
                y = Vector256.Load(at + 2 * Stride);
                s20 = Vector256.FusedMultiplyAdd(y, x0, s20);
                s21 = Vector256.FusedMultiplyAdd(y, x1, s21);
                s22 = Vector256.FusedMultiplyAdd(y, x2, s22);
                y = Vector256.Load(at + 3 * Stride);
                s30 = Vector256.FusedMultiplyAdd(y, x0, s30);
                s31 = Vector256.FusedMultiplyAdd(y, x1, s31);
                s32 = Vector256.FusedMultiplyAdd(y, x2, s32);
            }

            if (half == 0)
            {
                (lower[0], lower[1], lower[2], lower[3]) = (s00, s10, s20, s30);
                (lower[4], lower[5], lower[6], lower[7]) = (s01, s11, s21, s31);
                (lower[8], lower[9], lower[10], lower[11]) = (s02, s12, s22, s32);
                continue;
            }

            Add(sums, lower[0] + s00, lower[1] + s10, lower[2] + s20, lower[3] + s30);
            Add(sums + pitch, lower[4] + s01, lower[5] + s11, lower[6] + s21, lower[7] + s31);
            Add(sums + 2L * pitch, lower[8] + s02, lower[9] + s12, lower[10] + s22, lower[11] + s32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Fold(Vector512<double> lanes) => lanes.GetLower() + lanes.GetUpper();

    /// <summary>Adds the sum of each of four vectors to one of four neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(double* sums, Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d) =>
        (Vector256.Load(sums) + Totals(a, b, c, d)).Store(sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Totals(Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d)
    {
        if (Avx.IsSupported)
        {
            var ab = Avx.HorizontalAdd(a, b);
            var cd = Avx.HorizontalAdd(c, d);
            return Avx.Permute2x128(ab, cd, 0x20) + Avx.Permute2x128(ab, cd, 0x31);
        }

        return Vector256.Create(Vector256.Sum(a), Vector256.Sum(b), Vector256.Sum(c), Vector256.Sum(d));
    }
}
