using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Products of tall matrices whose columns lie one behind the other, in double, on one thread.</summary>
static unsafe class ColumnProducts
{
    // 32 columns of 256 rows are 64 KiB, which stays in the second-level cache while every pair of columns meets.
    const int RowBlock = 256;

    const int Tall = 4, Wide = 2;

    /// <summary>The sum, in an order that depends on the length alone.</summary>
    public static double Sum(ReadOnlySpan<double> values)
    {
        var sums = Vector256<double>.Zero;
        int i = 0;
        for (; i <= values.Length - 4; i += 4)
        {
            sums += Vector256.Create(values[i..]);
        }

        double sum = Vector256.Sum(sums);
        for (; i < values.Length; i++)
        {
            sum += values[i];
        }

        return sum;
    }

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
        Inner(a, countA, b, countB, rows, rows, c);

    /// <summary>The same for the first <paramref name="rows"/> rows of columns that are <paramref name="stride"/> apart.</summary>
    public static void Inner(double* a, int countA, double* b, int countB, int rows, int stride, double* c)
    {
        new Span<double>(c, countA * countB).Clear();
        for (int start = 0; start < rows; start += RowBlock)
        {
            int count = Math.Min(RowBlock, rows - start);
            for (int j = 0; j < countB; j += Wide)
            {
                for (int i = 0; i < countA; i += Tall)
                {
                    AddTile(
                        a + (long)i * stride + start, Math.Min(Tall, countA - i), b + (long)j * stride + start,
                        Math.Min(Wide, countB - j), stride, count, c + i + (long)j * countA, countA);
                }
            }
        }
    }

    /// <summary>target_j −= Σᵢ coefficients[i + j · sources] · sourceᵢ.</summary>
    public static void SubtractCombinations(
        double* target, int targets, double* source, int sources, double* coefficients, int rows)
    {
        for (int start = 0; start < rows; start += RowBlock)
        {
            int count = Math.Min(RowBlock, rows - start);
            for (int j = 0; j < targets; j += Tall)
            {
                SubtractBlock(
                    target + (long)j * rows + start, Math.Min(Tall, targets - j), source + start, sources,
                    coefficients + (long)j * sources, rows, count);
            }
        }
    }

    /// <summary>target −= Σᵢ coefficients[i] · sourceᵢ for one target, eight sources to a pass over it.</summary>
    public static void SubtractCombination(double* target, double* source, int sources, double* coefficients, int rows)
    {
        double* c = stackalloc double[8];
        double** s = stackalloc double*[8];
        for (int i = 0; i < sources; i += 8)
        {
            // Behind the last source the same one is read again, times zero.
            for (int k = 0; k < 8; k++)
            {
                c[k] = i + k < sources ? coefficients[i + k] : 0;
                s[k] = source + (long)Math.Min(i + k, sources - 1) * rows;
            }

            double* s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3], s4 = s[4], s5 = s[5], s6 = s[6], s7 = s[7];
            var c0 = Vector256.Create(-c[0]);
            var c1 = Vector256.Create(-c[1]);
            var c2 = Vector256.Create(-c[2]);
            var c3 = Vector256.Create(-c[3]);
            var c4 = Vector256.Create(-c[4]);
            var c5 = Vector256.Create(-c[5]);
            var c6 = Vector256.Create(-c[6]);
            var c7 = Vector256.Create(-c[7]);
            int row = 0;
            for (; row <= rows - 4; row += 4)
            {
                var even = Vector256.FusedMultiplyAdd(c0, Vector256.Load(s0 + row), Vector256.Load(target + row));
                var odd = c1 * Vector256.Load(s1 + row);
                even = Vector256.FusedMultiplyAdd(c2, Vector256.Load(s2 + row), even);
                odd = Vector256.FusedMultiplyAdd(c3, Vector256.Load(s3 + row), odd);
                even = Vector256.FusedMultiplyAdd(c4, Vector256.Load(s4 + row), even);
                odd = Vector256.FusedMultiplyAdd(c5, Vector256.Load(s5 + row), odd);
                even = Vector256.FusedMultiplyAdd(c6, Vector256.Load(s6 + row), even);
                odd = Vector256.FusedMultiplyAdd(c7, Vector256.Load(s7 + row), odd);
                (even + odd).Store(target + row);
            }

            for (; row < rows; row++)
            {
                for (int k = 0; k < 8; k++)
                {
                    target[row] -= c[k] * s[k][row];
                }
            }
        }
    }

    [SkipLocalsInit]
    static void AddTile(double* a, int tall, double* b, int wide, long stride, int count, double* c, int strideC)
    {
        // Beyond the last column the last one is read again; its sums are not stored.
        double* a1 = a + (tall > 1 ? stride : 0), a2 = a + (tall > 2 ? 2 * stride : 0), a3 = a + (tall > 3 ? 3 * stride : 0);
        double* b1 = b + (wide > 1 ? stride : 0);
        Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default;
        Vector256<double> s20 = default, s21 = default, s30 = default, s31 = default;
        int row = 0;
        for (; row <= count - 4; row += 4)
        {
            var x0 = Vector256.Load(b + row);
            var x1 = Vector256.Load(b1 + row);
            var y = Vector256.Load(a + row);
            s00 = Vector256.FusedMultiplyAdd(y, x0, s00);
            s01 = Vector256.FusedMultiplyAdd(y, x1, s01);
            y = Vector256.Load(a1 + row);
            s10 = Vector256.FusedMultiplyAdd(y, x0, s10);
            s11 = Vector256.FusedMultiplyAdd(y, x1, s11);
            y = Vector256.Load(a2 + row);
            s20 = Vector256.FusedMultiplyAdd(y, x0, s20);
            s21 = Vector256.FusedMultiplyAdd(y, x1, s21);
            y = Vector256.Load(a3 + row);
            s30 = Vector256.FusedMultiplyAdd(y, x0, s30);
            s31 = Vector256.FusedMultiplyAdd(y, x1, s31);
        }

        double* total = stackalloc double[Tall * Wide];
        total[0] = Vector256.Sum(s00);
        total[1] = Vector256.Sum(s01);
        total[2] = Vector256.Sum(s10);
        total[3] = Vector256.Sum(s11);
        total[4] = Vector256.Sum(s20);
        total[5] = Vector256.Sum(s21);
        total[6] = Vector256.Sum(s30);
        total[7] = Vector256.Sum(s31);
        for (; row < count; row++)
        {
            total[0] += a[row] * b[row];
            total[1] += a[row] * b1[row];
            total[2] += a1[row] * b[row];
            total[3] += a1[row] * b1[row];
            total[4] += a2[row] * b[row];
            total[5] += a2[row] * b1[row];
            total[6] += a3[row] * b[row];
            total[7] += a3[row] * b1[row];
        }

        for (int i = 0; i < tall; i++)
        {
            for (int j = 0; j < wide; j++)
            {
                c[i + (long)j * strideC] += total[i * Wide + j];
            }
        }
    }

    static void SubtractBlock(double* target, int targets, double* source, int sources, double* coefficients, long rows, int count)
    {
        double* t1 = target + (targets > 1 ? rows : 0), t2 = target + (targets > 2 ? 2 * rows : 0), t3 = target + (targets > 3 ? 3 * rows : 0);
        double* c1 = coefficients + (targets > 1 ? sources : 0), c2 = coefficients + (targets > 2 ? 2 * sources : 0);
        double* c3 = coefficients + (targets > 3 ? 3 * sources : 0);
        int row = 0;
        for (; row <= count - 8; row += 8)
        {
            Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default;
            Vector256<double> s20 = default, s21 = default, s30 = default, s31 = default;
            double* at = source + row;
            for (int i = 0; i < sources; i++, at += rows)
            {
                var low = Vector256.Load(at);
                var high = Vector256.Load(at + 4);
                var c = Vector256.Create(coefficients[i]);
                s00 = Vector256.FusedMultiplyAdd(c, low, s00);
                s01 = Vector256.FusedMultiplyAdd(c, high, s01);
                c = Vector256.Create(c1[i]);
                s10 = Vector256.FusedMultiplyAdd(c, low, s10);
                s11 = Vector256.FusedMultiplyAdd(c, high, s11);
                c = Vector256.Create(c2[i]);
                s20 = Vector256.FusedMultiplyAdd(c, low, s20);
                s21 = Vector256.FusedMultiplyAdd(c, high, s21);
                c = Vector256.Create(c3[i]);
                s30 = Vector256.FusedMultiplyAdd(c, low, s30);
                s31 = Vector256.FusedMultiplyAdd(c, high, s31);
            }

            Subtract(target + row, s00, s01);
            if (targets > 1)
            {
                Subtract(t1 + row, s10, s11);
            }

            if (targets > 2)
            {
                Subtract(t2 + row, s20, s21);
            }

            if (targets > 3)
            {
                Subtract(t3 + row, s30, s31);
            }
        }

        for (; row < count; row++)
        {
            for (int j = 0; j < targets; j++)
            {
                double sum = 0;
                for (int i = 0; i < sources; i++)
                {
                    sum += coefficients[(long)j * sources + i] * source[i * rows + row];
                }

                target[j * rows + row] -= sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Subtract(double* target, Vector256<double> low, Vector256<double> high)
    {
        (Vector256.Load(target) - low).Store(target);
        (Vector256.Load(target + 4) - high).Store(target + 4);
    }
}
