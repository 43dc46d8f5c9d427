using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>The draws of one decision after another, from one generator: the counter is the number of draws so far.</summary>
/// <remarks>For code that decides structure on the host. Rows are drawn by the sampling kernels, from (seed, row).</remarks>
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
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
