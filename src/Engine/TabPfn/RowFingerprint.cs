using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>A number in [0, 1] from a hash of each row, by which the network tells equal training rows apart.</summary>
/// <remarks>
/// The low 64 bits of SHA-256 of the row's cells, rounded to 12 decimals, and a salt, over 2⁶⁴ − 1. The salt is the number of
/// training cells; a training row that equals an earlier one takes the next. Rows to predict share the first row's number.
/// </remarks>
sealed class RowFingerprint(int trainRows, int columns)
{
    const double Decimals = 1e12;

    // The bits of Python's NaN, which differ from .NET's in the sign.
    const long NotANumber = 0x7FF8000000000000;

    readonly ulong _salt = (ulong)trainRows * (ulong)columns;

    /// <summary>The number of each training row; no two are equal.</summary>
    internal double[] OfTrainingRows(double[][] cells)
    {
        var seen = new HashSet<double>();
        var equalRows = new Dictionary<double, ulong>();
        var numbers = new double[cells[0].Length];
        for (int row = 0; row < numbers.Length; row++)
        {
            byte[] bytes = Bytes(cells, row);
            double first = Hash(bytes, _salt);
            ulong add = equalRows.GetValueOrDefault(first);
            double number = add == 0 ? first : Hash(bytes, _salt + add);
            while (seen.Contains(number) && !cells.All(column => double.IsNaN(column[row])))
            {
                number = Hash(bytes, _salt + ++add);
            }

            seen.Add(numbers[row] = number);
            equalRows[first] = add + 1;
        }

        return numbers;
    }

    /// <summary>The number of each row to predict.</summary>
    internal double[] OfOtherRows(double[][] cells) =>
        [.. Enumerable.Range(0, cells[0].Length).Select(row => Hash(Bytes(cells, row), _salt))];

    /// <summary>A 64-bit word over 2⁶⁴ − 1, rounded once.</summary>
    internal static double Share(ulong word)
    {
        // The quotient lies a hair above word / 2⁶⁴, so that halfway between two doubles it belongs to the upper one.
        int below = Math.Max(0, 11 - (int)ulong.LeadingZeroCount(word));
        ulong half = below == 0 ? 0 : 1UL << (below - 1);
        bool halfway = below > 0 && (word & ((1UL << below) - 1)) == half;
        return (halfway ? word + 1 : word) / 18446744073709551616.0;
    }

    static byte[] Bytes(double[][] cells, int row)
    {
        var bytes = new byte[(cells.Length + 1) * sizeof(double)];
        for (int c = 0; c < cells.Length; c++)
        {
            double value = cells[c][row];
            BinaryPrimitives.WriteInt64LittleEndian(
                bytes.AsSpan(c * sizeof(double)),
                double.IsNaN(value) ? NotANumber : BitConverter.DoubleToInt64Bits(Math.Round(value * Decimals) / Decimals));
        }

        return bytes;
    }

    // The salt takes the place that is left for it at the end.
    static double Hash(byte[] bytes, ulong salt)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - sizeof(ulong)), salt);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return Share(BinaryPrimitives.ReadUInt64BigEndian(hash[^sizeof(ulong)..]));
    }
}
