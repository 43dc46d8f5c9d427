namespace CausalMixFT.Kernels.Rng;

/// <summary>
/// Philox4x32-10, a counter-based generator: the same (key, counter) gives the same bits on every device, in any order.
/// </summary>
/// <remarks>
/// Salmon, Moraes, Dror, Shaw (SC 2011). A draw is a pure function of (seed, stream, index, slot): streams separate
/// purposes (a column, an episode), the index is the row, and slot 0 … 3 picks one of the four words of a block.
/// </remarks>
public readonly record struct Philox(uint Key0, uint Key1)
{
    /// <summary>The generator of <paramref name="seed"/>.</summary>
    public Philox(ulong seed)
        : this((uint)seed, (uint)(seed >> 32)) { }

    /// <summary>The generator of a named purpose, independent of this one and of its other branches.</summary>
    public Philox Branch(uint purpose)
    {
        var (a, b, _, _) = Block(purpose, 0, 0x6272616Eu, 0x63680000u); // "branch" in ASCII: a counter no draw uses
        return new(a, b);
    }

    /// <summary>The four words at the 128-bit counter (c0, c1, c2, c3).</summary>
    public (uint A, uint B, uint C, uint D) Block(uint c0, uint c1, uint c2, uint c3)
    {
        uint k0 = Key0, k1 = Key1;
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53UL * c0, p1 = 0xCD9E8D57UL * c2;
            uint n0 = (uint)(p1 >> 32) ^ c1 ^ k0, n2 = (uint)(p0 >> 32) ^ c3 ^ k1;
            c1 = (uint)p1;
            c3 = (uint)p0;
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>One of 2³² words, uniform.</summary>
    public uint Word(uint index, uint stream, uint slot = 0)
    {
        var (a, b, c, d) = Block(index, stream, slot >> 2, 0);
        return (slot & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>A uniform on [0, 1) with 24 random bits: every value is exact in a float.</summary>
    public float Uniform(uint index, uint stream, uint slot = 0) => (Word(index, stream, slot) >> 8) * (1f / (1 << 24));

    /// <summary>A whole number in 0 … <paramref name="count"/> − 1.</summary>
    /// <remarks>Lemire's multiply and shift without rejection: the bias is below count / 2³².</remarks>
    public int Below(int count, uint index, uint stream, uint slot = 0) =>
        (int)(((ulong)Word(index, stream, slot) * (uint)count) >> 32);

    /// <summary>A standard normal.</summary>
    /// <remarks>From 23 bits and a half, which a float holds exactly: with 24, the last cell's middle would round to 1.</remarks>
    public float Normal(uint index, uint stream, uint slot = 0) =>
        Rng.Normal.Quantile(((Word(index, stream, slot) >> 9) + 0.5f) * (1f / (1 << 23)));
}
