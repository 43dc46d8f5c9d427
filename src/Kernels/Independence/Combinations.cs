namespace CausalMixFT.Kernels.Independence;

/// <summary>Subsets of one size in lexicographic order.</summary>
static class Combinations
{
    /// <summary>How many subsets of <paramref name="size"/> a set of <paramref name="count"/> has; at most <see cref="long.MaxValue"/>.</summary>
    public static long Count(int count, int size)
    {
        if (size > count)
        {
            return 0;
        }

        // Almost all that is asked for, without a wide division.
        if (size <= 2)
        {
            return size == 0 ? 1 : size == 1 ? count : (long)count * (count - 1) / 2;
        }

        // After each factor the result is a binomial coefficient itself, so the division leaves nothing over.
        UInt128 result = 1;
        size = Math.Min(size, count - size);
        for (int i = 1; i <= size; i++)
        {
            result = result * (UInt128)(count - size + i) / (UInt128)i;
            if (result > long.MaxValue)
            {
                return long.MaxValue;
            }
        }

        return (long)result;
    }

    /// <summary>How many subsets of <paramref name="elements"/> as large as <paramref name="subset"/> stand before it; both ascending.</summary>
    /// <remarks>The subset need not be one of <paramref name="elements"/>.</remarks>
    public static long Rank(ReadOnlySpan<int> elements, ReadOnlySpan<int> subset)
    {
        long rank = 0;
        int at = 0;
        for (int i = 0; i < subset.Length; i++)
        {
            // Sets that share what comes before and hold something smaller here.
            for (; at < elements.Length && elements[at] < subset[i]; at++)
            {
                rank = SkeletonLevel.Add(rank, Count(elements.Length - at - 1, subset.Length - i - 1));
            }

            if (at == elements.Length || elements[at] != subset[i])
            {
                return rank;
            }

            at++;
        }

        return rank;
    }
}
