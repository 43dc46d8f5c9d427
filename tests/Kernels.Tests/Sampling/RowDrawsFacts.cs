using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Kernels.Tests.Sampling;

public unsafe class RowDrawsFacts
{
    [Theory]
    [InlineData(0u, 0, 200)]
    [InlineData(31u, 0, 33)]
    [InlineData(5u, 7, 1)]
    [InlineData(4_294_967_000u, 3, 100)]
    public void Words_in_lanes_are_the_words_of_the_rows(uint firstRow, int row, int count)
    {
        var draws = new RowDraws(new Philox(0x0123456789ABCDEF), 17, firstRow);
        var words = new uint[count];
        fixed (uint* to = words)
        {
            draws.Fill(row, to, count);
        }

        Assert.Equal(Enumerable.Range(row, count).Select(draws.Word), words);
    }

    [Fact]
    public void No_two_rows_share_a_word_of_a_block()
    {
        // A birthday in 10,000 words of 32 bits has probability 1.2 %; the seed is one without.
        var draws = new RowDraws(new Philox(2), 0);
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(draws.Word).Distinct().Count());
    }

    [Fact]
    public void A_shard_draws_what_the_whole_draws()
    {
        var whole = new RowDraws(new Philox(3), 5);
        var shard = whole with { FirstRow = 1001 };
        Assert.Equal(Enumerable.Range(1001, 50).Select(whole.Word), Enumerable.Range(0, 50).Select(shard.Word));
    }

    [Fact]
    public void Uniforms_stay_inside_their_interval()
    {
        // The largest and the smallest word, through the twins' arithmetic.
        var words = System.Runtime.Intrinsics.Vector256.Create(0u, uint.MaxValue, 0, 0, 0, 0, 0, 0);
        Assert.Equal(0f, RowDraws.Uniform(words)[0]);
        Assert.InRange(RowDraws.Uniform(words)[1], 0.9999999f, MathF.BitDecrement(1f));
        Assert.InRange(RowDraws.OpenUniform(words)[0], float.Epsilon, 1e-7f);
        Assert.InRange(RowDraws.OpenUniform(words)[1], 0.9999999f, MathF.BitDecrement(1f));
    }
}
