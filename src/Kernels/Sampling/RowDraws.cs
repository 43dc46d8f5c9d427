using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>The draws of one column: one random word a row, a pure function of (seed, stream, row).</summary>
/// <param name="Random">The generator of the seed.</param>
/// <param name="Stream">The column, or whatever else the words are for.</param>
/// <param name="FirstRow">
/// The table's row that row 0 of the block is: a shard that starts here draws what the whole draws.
/// </param>
/// <remarks>
/// A Philox block has four words; all four are used. Rows 32g … 32g + 31 share the blocks 8g … 8g + 7: row r takes word
/// (r / 8) mod 4 of block 8 ⌊r / 32⌋ + r mod 8, so that eight blocks in SIMD lanes are 32 rows in order, with no
/// shuffle.
/// </remarks>
public readonly record struct RowDraws(Philox Random, uint Stream, uint FirstRow = 0)
{
    /// <summary>Rows that share blocks.</summary>
    internal const int GroupRows = 32;

    const float Unit = 1f / (1 << 24);

    /// <summary>One of 2³² words, uniform.</summary>
    public uint Word(int row)
    {
        uint r = FirstRow + (uint)row;
        return Random.Word(((r >> 5) << 3) | (r & 7), Stream, (r >> 3) & 3);
    }

    /// <summary>A uniform on [0, 1) with 24 random bits.</summary>
    public float Uniform(int row) => (Word(row) >> 8) * Unit;

    /// <summary>A uniform inside (0, 1): the middles of 2²³ cells.</summary>
    /// <remarks>A bit less than <see cref="Uniform(int)"/>: the middle of a cell needs one more, or the last rounds to 1.</remarks>
    public float OpenUniform(int row) => ((Word(row) >> 9) + 0.5f) * (2 * Unit);

    /// <summary>A whole number in 0 … <paramref name="count"/> − 1.</summary>
    public int Below(int count, int row) => (int)(((ulong)Word(row) * (uint)count) >> 32);

    /// <summary>Writes the words of the rows from <paramref name="row"/> on.</summary>
    public unsafe void Words(int row, Span<uint> words)
    {
        fixed (uint* to = words)
        {
            Fill(row, to, words.Length);
        }
    }

    /// <summary>
    /// Writes the words of rows <paramref name="row"/> … <paramref name="row"/> + <paramref name="count"/> − 1.
    /// </summary>
    internal unsafe void Fill(int row, uint* words, int count)
    {
        uint* spare = stackalloc uint[GroupRows];
        uint start = FirstRow + (uint)row;
        int done = 0;
        while (done < count)
        {
            uint r = start + (uint)done;
            int skip = (int)(r % GroupRows);
            int take = Math.Min(GroupRows - skip, count - done);
            if (take == GroupRows)
            {
                Group(r / GroupRows, words + done);
            }
            else
            {
                Group(r / GroupRows, spare);
                Unsafe.CopyBlock(words + done, spare + skip, (uint)(take * sizeof(uint)));
            }

            done += take;
        }
    }

    // The 32 words of rows 32 · group … 32 · group + 31.
    unsafe void Group(uint group, uint* words)
    {
        if (!Avx2.IsSupported)
        {
            for (uint lane = 0; lane < 8; lane++)
            {
                (words[lane], words[lane + 8], words[lane + 16], words[lane + 24]) =
                    Random.Block(group * 8 + lane, Stream, 0, 0);
            }

            return;
        }

        var c0 = Vector256.Create(group * 8) + Vector256<uint>.Indices;
        var c1 = Vector256.Create(Stream);
        var c2 = Vector256<uint>.Zero;
        var c3 = Vector256<uint>.Zero;
        uint k0 = Random.Key0, k1 = Random.Key1;
        for (int round = 0; round < 10; round++)
        {
            var (high0, low0) = Multiply(c0, 0xD2511F53);
            var (high1, low1) = Multiply(c2, 0xCD9E8D57);
            c0 = high1 ^ c1 ^ Vector256.Create(k0);
            c2 = high0 ^ c3 ^ Vector256.Create(k1);
            c1 = low1;
            c3 = low0;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        c0.Store(words);
        c1.Store(words + 8);
        c2.Store(words + 16);
        c3.Store(words + 24);
    }

    /// <summary>High and low halves of eight 32 × 32 bit products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector256<uint> High, Vector256<uint> Low) Multiply(Vector256<uint> a, uint b)
    {
        var factor = Vector256.Create(b);
        var even = Avx2.Multiply(a, factor);
        var odd = Avx2.Multiply((a.AsUInt64() >>> 32).AsUInt32(), factor);
        const byte OddLanes = 0b10101010;
        return (Avx2.Blend((even >>> 32).AsUInt32(), odd.AsUInt32(), OddLanes),
            Avx2.Blend(even.AsUInt32(), (odd << 32).AsUInt32(), OddLanes));
    }

    /// <summary>Eight uniforms inside (0, 1), the twin of <see cref="OpenUniform(int)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> OpenUniform(Vector256<uint> words) =>
        (Vector256.ConvertToSingle((words >>> 9).AsInt32()) + Vector256.Create(0.5f)) * (2 * Unit);

    /// <summary>Eight uniforms on [0, 1), the twin of <see cref="Uniform(int)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Uniform(Vector256<uint> words) =>
        Vector256.ConvertToSingle((words >>> 8).AsInt32()) * Unit;
}
