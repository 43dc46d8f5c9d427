using CausalMixFT.Engine.TabPfn;

namespace CausalMixFT.Engine.Tests.TabPfn;

/// <summary>Against NumPy's own draws; the order of the draws is that of the generator of the file.</summary>
public class NumpyGeneratorFacts
{
    static readonly StoredValues Stored = new("numpy_rng");

    [Theory, InlineData(0), InlineData(1), InlineData(42)]
    [InlineData(2147483646), InlineData(1099511627783), InlineData(9223372036854775806)]
    public void Every_draw_is_the_one_of_NumPy(ulong seed)
    {
        var words = new NumpyGenerator(seed);
        Assert.Equal(Stored.Words($"words.{seed}"), Times(8, words.Word));

        var generator = new NumpyGenerator(seed);
        Assert.Equal(Stored.Words($"integers63.{seed}"), Times(3, () => (ulong)generator.Below(long.MaxValue)));
        Assert.Equal(Stored.Words($"integers31.{seed}"), Times(5, () => (ulong)generator.Below(int.MaxValue)));
        Assert.Equal(Stored.Words($"scalar1000.{seed}"), Times(3, () => (ulong)generator.Below(1000)));
        Assert.Equal(Stored[$"random.{seed}"], Times(12, generator.Uniform));
        Assert.Equal(Stored.Whole($"distinct8.{seed}"), generator.Distinct(8, 8));
        Assert.Equal(Stored.Whole($"distinct5of40.{seed}"), generator.Distinct(40, 5));
        Assert.Equal(Stored.Whole($"choice7.{seed}"), Times(9, () => (int)generator.Below(7)));
        Assert.Equal(Stored.Whole($"permutation31.{seed}"), generator.Permutation(31));
        Assert.Equal(Stored.Whole($"permutation1.{seed}"), generator.Permutation(1));
        Assert.Equal(Stored[$"after.{seed}"], Times(2, generator.Uniform));
    }

    static T[] Times<T>(int count, Func<T> draw) => [.. Enumerable.Range(0, count).Select(_ => draw())];
}
