namespace CausalMixFT.Kernels.Rng;

/// <summary>The normal numbers that PyTorch draws on a CPU, for weights that were trained with them.</summary>
/// <remarks>
/// TabPFN v2 tells its columns apart by numbers that are not stored with its weights but drawn from a seed, so they have
/// to be the same numbers. PyTorch's generator is the Mersenne Twister (Matsumoto and Nishimura 1998), from the low 32
/// bits of the seed. Sixteen normals or more come from uniforms of 24 bits by Box and Muller, in blocks of sixteen: numbers
/// j and j + 8 are r cos θ and r sin θ with r = √(−2 ln(1 − u[j])) and θ = 2π u[j + 8]. Where sixteen does not divide the
/// count, the last sixteen are drawn anew. Fewer than sixteen come in pairs from uniforms of 53 bits.
/// </remarks>
public static class TorchRandom
{
    const int Block = 16, Half = Block / 2;

    /// <summary>What torch.randn(count) gives after manual_seed(seed), but for the last bit of a logarithm or a cosine.</summary>
    public static float[] Normals(ulong seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var twister = new MersenneTwister((uint)seed);
        return count < Block ? InPairs(twister, count) : InBlocks(twister, count);
    }

    static float[] InBlocks(MersenneTwister twister, int count)
    {
        var numbers = new float[count];
        Fill(numbers);
        for (int start = 0; start + Block <= count; start += Block)
        {
            ToNormal(numbers.AsSpan(start, Block));
        }

        if (count % Block != 0)
        {
            var last = numbers.AsSpan(count - Block);
            Fill(last);
            ToNormal(last);
        }

        return numbers;

        void Fill(Span<float> uniforms)
        {
            foreach (ref float uniform in uniforms)
            {
                uniform = (twister.Next() & 0xFFFFFF) * (1f / (1 << 24));
            }
        }
    }

    static void ToNormal(Span<float> block)
    {
        for (int j = 0; j < Half; j++)
        {
            float radius = MathF.Sqrt(-2 * MathF.Log(1 - block[j]));
            float angle = 2 * MathF.PI * block[j + Half];
            (block[j], block[j + Half]) = (radius * MathF.Cos(angle), radius * MathF.Sin(angle));
        }
    }

    static float[] InPairs(MersenneTwister twister, int count)
    {
        var numbers = new float[count];
        for (int i = 0; i < count; i += 2)
        {
            double angle = 2 * Math.PI * Uniform53(), radius = Math.Sqrt(-2 * Math.Log(1 - Uniform53()));
            numbers[i] = (float)(radius * Math.Cos(angle));
            if (i + 1 < count)
            {
                numbers[i + 1] = (float)(radius * Math.Sin(angle));
            }
        }

        return numbers;

        double Uniform53()
        {
            ulong word = (ulong)twister.Next() << 32;
            word |= twister.Next();
            return (word & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));
        }
    }

    // MT19937: 624 words, of which a third word 397 places on is mixed in at each turn, and a tempering of what comes out.
    sealed class MersenneTwister
    {
        const int Words = 624, Shift = 397;

        readonly uint[] _state = new uint[Words];
        int _next = Words;

        internal MersenneTwister(uint seed)
        {
            _state[0] = seed;
            for (uint i = 1; i < Words; i++)
            {
                _state[i] = 1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30)) + i;
            }
        }

        internal uint Next()
        {
            if (_next == Words)
            {
                Turn();
            }

            uint word = _state[_next++];
            word ^= word >> 11;
            word ^= (word << 7) & 0x9D2C5680;
            word ^= (word << 15) & 0xEFC60000;
            return word ^ (word >> 18);
        }

        void Turn()
        {
            for (int i = 0; i < Words; i++)
            {
                uint joined = (_state[i] & 0x80000000) | (_state[(i + 1) % Words] & 0x7FFFFFFF);
                _state[i] = _state[(i + Shift) % Words] ^ (joined >> 1) ^ ((joined & 1) == 0 ? 0 : 0x9908B0DFu);
            }

            _next = 0;
        }
    }
}
