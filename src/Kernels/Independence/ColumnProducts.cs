using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Products of tall matrices whose columns lie one behind the other, in double, on one thread.</summary>
static unsafe class ColumnProducts
{
    // Targets of a pass over the sources: with two vectors of rows eight sums.
    const int Tall = 4;

    [ThreadStatic]
    static Scratch<double>? _scratch;

    /// <summary>The sum of products, in an order that depends on the length alone.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector256<double> even = default, odd = default;
        int i = 0;
        for (; i <= a.Length - 8; i += 8)
        {
            even = Vector256.FusedMultiplyAdd(Vector256.Create(a[i..]), Vector256.Create(b[i..]), even);
            odd = Vector256.FusedMultiplyAdd(Vector256.Create(a[(i + 4)..]), Vector256.Create(b[(i + 4)..]), odd);
        }

        double sum = Vector256.Sum(even + odd);
        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>The sum of squares, in an order that depends on the length alone.</summary>
    public static double SumOfSquares(ReadOnlySpan<double> values) => Dot(values, values);

    /// <summary>Writes c[i + j · countA] = aᵢ · bⱼ.</summary>
    public static void Inner(double* a, int countA, double* b, int countB, int rows, double* c) =>
        Inner(a, countA, b, countB, rows, rows, c, ColumnTiles.Widest);

    /// <summary>The same for the first <paramref name="rows"/> rows of columns that are <paramref name="stride"/> apart.</summary>
    public static void Inner(
        double* a, int countA, double* b, int countB, int rows, int stride, double* c, ColumnTiles tiles)
    {
        bool symmetric = a == b && countA == countB;
        int pitch = tiles.Padded(countA), width = tiles.Padded(countB);
        double* left = Room((pitch + width) * ColumnTiles.Stride + pitch * width), right = left + pitch * ColumnTiles.Stride;
        double* sums = right + width * ColumnTiles.Stride;
        new Span<double>(left, (pitch + width) * ColumnTiles.Stride + pitch * width).Clear();
        for (int start = 0; start < rows; start += ColumnTiles.Block)
        {
            int count = Math.Min(ColumnTiles.Block, rows - start);
            Pack(a + start, countA, count, stride, left);
            if (!symmetric)
            {
                Pack(b + start, countB, count, stride, right);
            }

            var none = default(NextColumns);
            for (int strip = 0; strip < countB; strip += tiles.Strip)
            {
                if (symmetric)
                {
                    tiles.AddStripBelow(left, countA, strip, count, sums, pitch, ref none);
                }
                else
                {
                    tiles.AddStrip(left, countA, right, countB, strip, count, sums, pitch);
                }
            }
        }

        for (int j = 0; j < countB; j++)
        {
            for (int i = 0; i < countA; i++)
            {
                c[i + (long)j * countA] = symmetric && i > j ? sums[j + (long)i * pitch] : sums[i + (long)j * pitch];
            }
        }
    }

    /// <summary>target_j −= Σᵢ coefficients[i + j · sources] · sourceᵢ.</summary>
    public static void SubtractCombinations(
        double* target, int targets, double* source, int sources, double* coefficients, int rows) =>
        SubtractCombinations(target, targets, source, sources, coefficients, rows, Vector512.IsHardwareAccelerated);

    /// <summary>The same, in vectors of 512 bits or of 256.</summary>
    public static void SubtractCombinations(
        double* target, int targets, double* source, int sources, double* coefficients, int rows, bool is512)
    {
        int row = is512 ? SubtractPanels<Doubles8>(target, targets, source, sources, coefficients, 0, rows) : 0;
        row = SubtractPanels<Doubles4>(target, targets, source, sources, coefficients, row, rows);
        for (; row < rows; row++)
        {
            for (int j = 0; j < targets; j++)
            {
                double sum = 0;
                for (int i = 0; i < sources; i++)
                {
                    sum += coefficients[(long)j * sources + i] * source[(long)i * rows + row];
                }

                target[(long)j * rows + row] -= sum;
            }
        }
    }

    /// <summary>target −= Σᵢ coefficients[i] · sourceᵢ for one target, eight sources to a pass over it.</summary>
    /// <remarks>Sources are <paramref name="stride"/> apart.</remarks>
    public static void SubtractCombination(
        double* target, double* source, int sources, double* coefficients, int rows, int stride, bool is512)
    {
        double* c = stackalloc double[8];
        double** s = stackalloc double*[8];
        for (int i = 0; i < sources; i += 8)
        {
            // Behind the last source the same one is read again, times zero.
            for (int k = 0; k < 8; k++)
            {
                c[k] = i + k < sources ? coefficients[i + k] : 0;
                s[k] = source + (long)Math.Min(i + k, sources - 1) * stride;
            }

            int row = is512 ? SubtractEight<Doubles8>(target, s, c, 0, rows) : 0;
            for (row = SubtractEight<Doubles4>(target, s, c, row, rows); row < rows; row++)
            {
                for (int k = 0; k < 8; k++)
                {
                    target[row] -= c[k] * s[k][row];
                }
            }
        }
    }

    static int SubtractEight<T>(double* target, double** s, double* c, int row, int rows)
        where T : struct, IDoubles<T>
    {
        double* s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3], s4 = s[4], s5 = s[5], s6 = s[6], s7 = s[7];
        T c0 = T.Fill(-c[0]), c1 = T.Fill(-c[1]), c2 = T.Fill(-c[2]), c3 = T.Fill(-c[3]);
        T c4 = T.Fill(-c[4]), c5 = T.Fill(-c[5]), c6 = T.Fill(-c[6]), c7 = T.Fill(-c[7]);
        for (; row <= rows - T.Count; row += T.Count)
        {
            var even = T.MultiplyAdd(c0, T.Load(s0 + row), T.Load(target + row));
            var odd = T.MultiplyAdd(c1, T.Load(s1 + row), default);
            even = T.MultiplyAdd(c2, T.Load(s2 + row), even);
            odd = T.MultiplyAdd(c3, T.Load(s3 + row), odd);
            even = T.MultiplyAdd(c4, T.Load(s4 + row), even);
            odd = T.MultiplyAdd(c5, T.Load(s5 + row), odd);
            even = T.MultiplyAdd(c6, T.Load(s6 + row), even);
            odd = T.MultiplyAdd(c7, T.Load(s7 + row), odd);
            (even + odd).Store(target + row);
        }

        return row;
    }

    /// <summary>This thread's memory, from a cache line on, until the next call of a method here.</summary>
    public static double* Room(int length)
    {
        var scratch = _scratch ??= new();
        scratch.Fit(checked(length + 8));
        return (double*)(((nint)scratch.Start + 63) & -64);
    }

    static void Pack(double* columns, int count, int rows, int stride, double* packed)
    {
        for (int column = 0; column < count; column++)
        {
            ColumnTiles.Pack(columns + (long)column * stride, rows, 0, packed + column * ColumnTiles.Stride);
        }
    }

    // Two vectors of rows at a time: what the sources have there is laid side by side once for all targets.
    static int SubtractPanels<T>(
        double* target, int targets, double* source, int sources, double* coefficients, int row, int rows)
        where T : struct, IDoubles<T>
    {
        double* panel = Room(sources * 2 * T.Count);
        for (; row <= rows - 2 * T.Count; row += 2 * T.Count)
        {
            double* from = source + row, to = panel;
            for (int i = 0; i < sources; i++, from += rows, to += 2 * T.Count)
            {
                T.Load(from).Store(to);
                T.Load(from + T.Count).Store(to + T.Count);
            }

            for (int j = 0; j < targets; j += Tall)
            {
                SubtractBlock<T>(
                    target + (long)j * rows + row, Math.Min(Tall, targets - j), panel, sources, coefficients + (long)j * sources, rows);
            }
        }

        return row;
    }

    static void SubtractBlock<T>(double* target, int targets, double* panel, int sources, double* coefficients, long rows)
        where T : struct, IDoubles<T>
    {
        // Beyond the last target the first one's coefficients are read again; its sums are not used.
        double* c1 = coefficients + (targets > 1 ? sources : 0), c2 = coefficients + (targets > 2 ? 2 * sources : 0);
        double* c3 = coefficients + (targets > 3 ? 3 * sources : 0);
        T s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        for (int i = 0; i < sources; i++, panel += 2 * T.Count)
        {
            T low = T.Load(panel), high = T.Load(panel + T.Count), c = T.Fill(coefficients[i]);
            s00 = T.MultiplyAdd(c, low, s00);
            s01 = T.MultiplyAdd(c, high, s01);
            c = T.Fill(c1[i]);
            s10 = T.MultiplyAdd(c, low, s10);
            s11 = T.MultiplyAdd(c, high, s11);
            c = T.Fill(c2[i]);
            s20 = T.MultiplyAdd(c, low, s20);
            s21 = T.MultiplyAdd(c, high, s21);
            c = T.Fill(c3[i]);
            s30 = T.MultiplyAdd(c, low, s30);
            s31 = T.MultiplyAdd(c, high, s31);
        }

        Subtract(target, s00, s01);
        if (targets > 1)
        {
            Subtract(target + rows, s10, s11);
        }

        if (targets > 2)
        {
            Subtract(target + 2 * rows, s20, s21);
        }

        if (targets > 3)
        {
            Subtract(target + 3 * rows, s30, s31);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Subtract<T>(double* target, T low, T high)
        where T : struct, IDoubles<T>
    {
        (T.Load(target) - low).Store(target);
        (T.Load(target + T.Count) - high).Store(target + T.Count);
    }
}
