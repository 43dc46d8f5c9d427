namespace CausalMixFT.Engine.TabPfn;

/// <summary>NumPy's default_rng, bit for bit: it orders the columns, codes and classes of TabPFN's members.</summary>
/// <remarks>
/// PCG64 (O'Neill 2014: a 128-bit linear congruential generator, its halves exclusive-ored and rotated) seeded by NumPy's
/// SeedSequence, a hash of the seed's 32-bit words. Whole numbers below a bound are drawn by Lemire (2019) from 32 bits
/// where those are enough; the upper half of a word serves the draw after.
/// </remarks>
sealed class NumpyGenerator
{
    static readonly UInt128 Multiplier = new(2549297995355413924, 4865540595714422341);

    readonly UInt128 _increment;
    UInt128 _state;
    uint? _upperHalf;

    internal NumpyGenerator(ulong seed)
    {
        ulong[] words = SeedWords(seed);
        _increment = (new UInt128(words[2], words[3]) << 1) | 1;
        _state = _increment + new UInt128(words[0], words[1]);
        Step();
    }

    /// <summary>The next 64 bits.</summary>
    internal ulong Word()
    {
        Step();
        ulong high = (ulong)(_state >> 64), low = (ulong)_state;
        return ulong.RotateRight(high ^ low, (int)(high >> 58));
    }

    /// <summary>A uniform on [0, 1) of 53 bits.</summary>
    internal double Uniform() => (Word() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number below <paramref name="bound"/>.</summary>
    internal long Below(long bound) => bound == 1 ? 0 : bound <= uint.MaxValue ? BelowHalf((uint)bound) : BelowWord((ulong)bound);

    /// <summary>The numbers below <paramref name="count"/> in a drawn order.</summary>
    internal int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Shuffle(order, BelowByMask);
        return order;
    }

    /// <summary>Different numbers below <paramref name="bound"/> in a drawn order: choice without replacement.</summary>
    /// <remarks>Floyd's draw and a shuffle, which is NumPy's way for bounds up to 10,000.</remarks>
    internal int[] Distinct(int bound, int count)
    {
        var drawn = new int[count];
        var seen = new HashSet<int>();
        for (int last = bound - count; last < bound; last++)
        {
            int number = (int)Below(last + 1);
            if (!seen.Add(number))
            {
                number = last;
                seen.Add(number);
            }

            drawn[last - (bound - count)] = number;
        }

        Shuffle(drawn, bound => (int)Below(bound));
        return drawn;
    }

    static void Shuffle(int[] numbers, Func<int, int> below)
    {
        for (int i = numbers.Length - 1; i > 0; i--)
        {
            int j = below(i + 1);
            (numbers[i], numbers[j]) = (numbers[j], numbers[i]);
        }
    }

    void Step() => _state = unchecked(_state * Multiplier + _increment);

    uint HalfWord()
    {
        if (_upperHalf is { } kept)
        {
            _upperHalf = null;
            return kept;
        }

        ulong word = Word();
        _upperHalf = (uint)(word >> 32);
        return (uint)word;
    }

    // As many bits as the largest number has, until they are no larger: an older way that NumPy keeps for permutations.
    int BelowByMask(int bound)
    {
        uint largest = (uint)bound - 1, mask = uint.MaxValue >> (int)uint.LeadingZeroCount(largest);
        uint number;
        do
        {
            number = HalfWord() & mask;
        }
        while (number > largest);

        return (int)number;
    }

    uint BelowHalf(uint bound)
    {
        ulong product = (ulong)HalfWord() * bound;
        if ((uint)product < bound)
        {
            uint threshold = (uint)-(int)bound % bound;
            while ((uint)product < threshold)
            {
                product = (ulong)HalfWord() * bound;
            }
        }

        return (uint)(product >> 32);
    }

    long BelowWord(ulong bound)
    {
        ulong high = Math.BigMul(Word(), bound, out ulong low);
        if (low < bound)
        {
            ulong threshold = unchecked(0 - bound) % bound;
            while (low < threshold)
            {
                high = Math.BigMul(Word(), bound, out low);
            }
        }

        return (long)high;
    }

    // SeedSequence(seed).generate_state(4, uint64): the seed's words are hashed into a pool of four, each mixed into every
    // other, and the pool is hashed again to what is asked for. The constants are those of NumPy's source.
    static ulong[] SeedWords(ulong seed)
    {
        uint[] pool = [(uint)seed, (uint)(seed >> 32), 0, 0];
        uint key = 0x43B0D7E5;
        for (int i = 0; i < pool.Length; i++)
        {
            pool[i] = Hash(pool[i], ref key, 0x931E8875);
        }

        for (int from = 0; from < pool.Length; from++)
        {
            for (int to = 0; to < pool.Length; to++)
            {
                if (from != to)
                {
                    uint mixed = unchecked(0xCA01F9DD * pool[to] - 0x4973F715 * Hash(pool[from], ref key, 0x931E8875));
                    pool[to] = mixed ^ (mixed >> 16);
                }
            }
        }

        key = 0x8B51F9DD;
        var words = new ulong[4];
        for (int i = 0; i < 2 * words.Length; i++)
        {
            words[i / 2] |= (ulong)Hash(pool[i % pool.Length], ref key, 0x58F38DED) << (i % 2 * 32);
        }

        return words;
    }

    static uint Hash(uint value, ref uint key, uint multiplier)
    {
        value ^= key;
        key = unchecked(key * multiplier);
        value = unchecked(value * key);
        return value ^ (value >> 16);
    }
}
