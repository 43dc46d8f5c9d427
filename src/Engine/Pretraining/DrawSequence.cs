using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>The draws of one decision after another, from one generator: the counter is the number of draws so far.</summary>
/// <remarks>For code that draws on the host, structure and rows alike.</remarks>
sealed class DrawSequence(Philox random, uint stream = 0)
{
    uint _count;

    /// <summary>A uniform on [0, 1).</summary>
    public float Uniform() => random.Uniform(_count++, stream);

    /// <summary>A uniform on [low, high).</summary>
    public float Uniform(float low, float high) => low + (high - low) * Uniform();

    /// <summary>A number whose logarithm is uniform between those of low and high.</summary>
    public float LogUniform(float low, float high) => MathF.Exp(Uniform(MathF.Log(low), MathF.Log(high)));

    /// <summary>A standard normal.</summary>
    public float Normal() => random.Normal(_count++, stream);

    /// <summary>Fills a span with uniforms on (0, 1), four from each block of the generator.</summary>
    public void Uniforms(Span<float> into)
    {
        for (int at = 0; at < into.Length; at += 4)
        {
            var (a, b, c, d) = random.Block(_count++, stream, 0, 0);
            Put(into, at, a);
            Put(into, at + 1, b);
            Put(into, at + 2, c);
            Put(into, at + 3, d);
        }

        // 23 bits and a half: exact in a float, and never 0 or 1.
        static void Put(Span<float> into, int at, uint word)
        {
            if (at < into.Length)
            {
                into[at] = ((word >> 9) + 0.5f) * (1f / (1 << 23));
            }
        }
    }

    /// <summary>Fills a span with standard normals.</summary>
    public void Normals(Span<float> into)
    {
        Uniforms(into);
        foreach (ref float value in into)
        {
            value = Kernels.Rng.Normal.Quantile(value);
        }
    }

    /// <summary>A whole number in 0 … count − 1.</summary>
    public int Below(int count) => random.Below(count, _count++, stream);

    /// <summary>A whole number whose logarithm is uniform, from low to high, both included.</summary>
    public int LogBetween(int low, int high) => Math.Min(high, (int)LogUniform(low, high + 1));

    /// <summary>True with this probability.</summary>
    public bool Chance(float probability) => Uniform() < probability;

    /// <summary>An item, as likely as its weight.</summary>
    public T Pick<T>(ReadOnlySpan<(T Item, float Weight)> items)
    {
        float total = 0;
        foreach (var (_, weight) in items)
        {
            total += weight;
        }

        float u = Uniform() * total;
        foreach (var (item, weight) in items)
        {
            u -= weight;
            if (u < 0)
            {
                return item;
            }
        }

        return items[^1].Item;
    }

    /// <summary>0 … count − 1 in random order.</summary>
    public int[] Permutation(int count)
    {
        var order = Enumerable.Range(0, count).ToArray();
        Shuffle<int>(order);
        return order;
    }

    /// <summary>Puts items in random order.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
