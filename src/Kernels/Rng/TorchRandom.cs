namespace CausalMixFT.Kernels.Rng;

/// <summary>The normal numbers of PyTorch's CPU generator: published models rest on them.</summary>
/// <remarks>Only for such models; all of our own draws are Philox's.</remarks>
public static class TorchRandom
{
    const int Length = 624, Middle = 397, Block = 16;

    /// <summary>What <c>torch.randn(count, generator=torch.Generator().manual_seed(seed))</c> gives, to a few units in the last place.</summary>
    /// <remarks>
    /// Matsumoto and Nishimura's MT19937; 24 bits of each word are a uniform number, and blocks of 16 of them become as
    /// many normal ones by Box and Muller's formula; a last block that is not full is drawn anew.
    /// </remarks>
    public static float[] Normals(uint seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, Block);
        var words = Words(seed).GetEnumerator();
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = Uniform(words);
        }

        for (int first = 0; first + Block <= count; first += Block)
        {
            BoxMuller(values.AsSpan(first, Block));
        }

        if (count % Block != 0)
        {
            var last = values.AsSpan(count - Block);
            for (int i = 0; i < Block; i++)
            {
                last[i] = Uniform(words);
            }

            BoxMuller(last);
        }

        return values;
    }

    static float Uniform(IEnumerator<uint> words)
    {
        words.MoveNext();
        return (words.Current & 0xFFFFFF) * (1f / (1 << 24));
    }

    static void BoxMuller(Span<float> block)
    {
        for (int i = 0; i < Block / 2; i++)
        {
            float radius = MathF.Sqrt(-2 * MathF.Log(1 - block[i])), angle = 2 * MathF.PI * block[i + Block / 2];
            (block[i], block[i + Block / 2]) = (radius * MathF.Cos(angle), radius * MathF.Sin(angle));
        }
    }

    static IEnumerable<uint> Words(uint seed)
    {
        var state = new uint[Length];
        state[0] = seed;
        for (uint i = 1; i < Length; i++)
        {
            state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
        }

        while (true)
        {
            for (int i = 0; i < Length; i++)
            {
                uint y = (state[i] & 0x80000000) | (state[(i + 1) % Length] & 0x7FFFFFFF);
                state[i] = state[(i + Middle) % Length] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
            }

            for (int i = 0; i < Length; i++)
            {
                uint y = state[i];
                y ^= y >> 11;
                y ^= (y << 7) & 0x9D2C5680;
                y ^= (y << 15) & 0xEFC60000;
                yield return y ^ (y >> 18);
            }
        }
    }
}
