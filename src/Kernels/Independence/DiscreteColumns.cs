using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Discrete columns on a device, made ready for counting: codes, and on a CPU one bit mask per level.</summary>
/// <remarks>
/// A mask holds one bit a row, so that <c>popcount(x ∧ y ∧ s)</c> counts 64 rows at a time. Columns of more than
/// <see cref="MostMaskedLevels"/> levels have none: their tables are counted row by row.
/// </remarks>
public sealed unsafe class DiscreteColumns : IDisposable
{
    /// <summary>The code of a cell without a value: a question about its column passes the row over.</summary>
    public const byte Missing = byte.MaxValue;

    /// <summary>Columns of more levels have no masks, which would take more room than two bytes a cell.</summary>
    internal const int MostMaskedLevels = 16;

    readonly DeviceArray<ulong>? _masks;
    readonly int[] _firstMask, _presentMask;

    /// <summary>Copies columns to <paramref name="device"/>.</summary>
    /// <param name="device">Where to.</param>
    /// <param name="codes">The columns' levels, (rows, columns), column-major; <see cref="Missing"/> where there is none.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="levels">How many levels each column has: its codes are smaller.</param>
    public DiscreteColumns(ComputeDevice device, ReadOnlySpan<byte> codes, int rows, IReadOnlyList<int> levels)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(levels);
        if (codes.Length < (long)rows * levels.Count)
        {
            throw new ArgumentException($"{codes.Length} codes are not {rows} rows of {levels.Count} columns.");
        }

        Rows = rows;
        Words = (rows + 255) / 256 * 4;
        LevelsOf = [.. levels];
        Codes = device.Allocate(codes);
        Entropy = new(rows);
        _firstMask = new int[LevelsOf.Length];
        _presentMask = new int[LevelsOf.Length];
        int masks = 1; // the first one is of all rows
        for (int column = 0; column < LevelsOf.Length; column++)
        {
            bool gaps = codes.Slice(column * rows, rows).Contains(Missing);
            HasGaps |= gaps;
            _presentMask[column] = gaps ? masks++ : -1;
            _firstMask[column] = LevelsOf[column] <= MostMaskedLevels ? masks : -1;
            masks += LevelsOf[column] <= MostMaskedLevels ? LevelsOf[column] : 0;
        }

        if (device is CpuDevice)
        {
            _masks = device.Allocate<ulong>(checked(masks * Words));
            Mask(codes);
        }
    }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>Levels of each column.</summary>
    public IReadOnlyList<int> Levels => LevelsOf;

    /// <summary>Whether any cell lacks its value.</summary>
    public bool HasGaps { get; }

    internal int[] LevelsOf { get; }

    internal DeviceArray<byte> Codes { get; }

    /// <summary>Words of a mask: a whole number of four, the last ones zero.</summary>
    internal int Words { get; }

    internal EntropyTable Entropy { get; }

    internal ulong* AllRows => _masks!.Start;

    internal bool IsMasked(int column) => _firstMask[column] >= 0;

    /// <summary>The rows at one level.</summary>
    internal ulong* MaskOf(int column, int level) => _masks!.Start + (long)(_firstMask[column] + level) * Words;

    /// <summary>The rows that have a value, or null when all have.</summary>
    internal ulong* PresentIn(int column) =>
        _presentMask[column] < 0 ? null : _masks!.Start + (long)_presentMask[column] * Words;

    /// <inheritdoc/>
    public void Dispose()
    {
        Codes.Dispose();
        _masks?.Dispose();
    }

    void Mask(ReadOnlySpan<byte> codes)
    {
        for (int row = 0; row < Rows; row++)
        {
            AllRows[row >> 6] |= 1UL << row;
        }

        for (int column = 0; column < LevelsOf.Length; column++)
        {
            var own = codes.Slice(column * Rows, Rows);
            if (PresentIn(column) is var present && present is not null)
            {
                MaskOne(own, Missing, present);
                for (int word = 0; word < Words; word++)
                {
                    present[word] = ~present[word] & AllRows[word];
                }
            }

            for (int level = 0; level < LevelsOf[column] && IsMasked(column); level++)
            {
                MaskOne(own, (byte)level, MaskOf(column, level));
            }
        }
    }

    static void MaskOne(ReadOnlySpan<byte> codes, byte level, ulong* mask)
    {
        var wanted = Vector512.Create(level);
        int row = 0;
        for (; row + 64 <= codes.Length; row += 64)
        {
            mask[row >> 6] = Vector512.Equals(Vector512.Create(codes.Slice(row, 64)), wanted).ExtractMostSignificantBits();
        }

        for (; row < codes.Length; row++)
        {
            mask[row >> 6] |= (codes[row] == level ? 1UL : 0) << row;
        }
    }
}
