using System.Numerics;

namespace CausalMixFT.Kernels.Independence;

/// <summary>k ln k for every count up to a number of rows, in fixed point.</summary>
/// <remarks>
/// G² / 2 of one stratum is Σ o ln o − Σ r ln r − Σ c ln c + N ln N, over its cells, rows, columns and itself: look-ups in
/// place of logarithms. Such sums cancel; whole numbers add without rounding, in any order to the same bits, so that only
/// the entries' own rounding is left, 2⁻⁴⁵ for 5,000 rows.
/// </remarks>
sealed class EntropyTable
{
    readonly long[] _entries;

    public EntropyTable(int rows)
    {
        // A sum over strata stays below 4 n ln n: 61 bits and a sign.
        int whole = BitOperations.Log2((ulong)(rows * Math.Log(rows + 2.0)) + 1) + 3;
        Scale = Math.Pow(2, 61 - whole);
        _entries = new long[rows + 1];

        // ln k − ln(k − 1) = 2 atanh(u), u = 1 / (2k − 1), summed in two doubles: Math.Log's last bit times k would be too much.
        double high = 0, low = 0;
        for (int k = 2; k <= rows; k++)
        {
            double odd = 2.0 * k - 1, u = 1 / odd, rest = Math.FusedMultiplyAdd(-u, odd, 1) / odd, square = u * u;
            double term = u * square, series = term / 3;
            for (int power = 5; term > 1e-21 && power < 60; power += 2)
            {
                term *= square;
                series += term / power;
            }

            double step = 2 * u, sum = high + step, part = sum - high;
            low += (high - (sum - part)) + (step - part) + 2 * (rest + series);
            high = sum;
            double product = k * high, error = Math.FusedMultiplyAdd(k, high, -product) + k * low;
            double rounded = Math.Round(product * Scale);
            _entries[k] = (long)rounded + (long)Math.Round(product * Scale - rounded + error * Scale);
        }
    }

    /// <summary>What 1 is in the entries: a power of two.</summary>
    public double Scale { get; }

    public ReadOnlySpan<long> Entries => _entries;
}
