using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.FineTuning;

public class EpisodeSamplerFacts
{
    // 190 rows of class 0, 7 of class 1, 2 of class 2, 1 of class 3.
    static readonly int[] Labels = [.. Enumerable.Repeat(0, 190), .. Enumerable.Repeat(1, 7), 2, 2, 3];

    [Fact]
    public void Context_and_query_are_disjoint_and_of_the_asked_size()
    {
        var (context, query) = new EpisodeSampler(Labels, new Philox(1)).Draw(0, contextRows: 100, queryRows: 40);

        Assert.Empty(context.Intersect(query));
        Assert.Equal(context.Length, context.Distinct().Count());

        // Each class rounds by itself, and rare ones are kept: off by at most one row a class.
        Assert.InRange(context.Length, 96, 104);
        Assert.InRange(query.Length, 36, 44);
    }

    [Fact]
    public void Every_class_with_two_rows_is_in_context_and_query()
    {
        for (uint episode = 0; episode < 50; episode++)
        {
            var (context, query) = new EpisodeSampler(Labels, new Philox(1)).Draw(episode, 30, 10);
            Assert.Equal([0, 1, 2, 3], context.Select(row => Labels[row]).Distinct().Order());
            Assert.Equal([0, 1, 2], query.Select(row => Labels[row]).Distinct().Order());
        }
    }

    [Fact]
    public void A_small_pool_is_shared_in_the_same_proportion()
    {
        var (context, query) = new EpisodeSampler([.. Enumerable.Range(0, 20).Select(row => row % 2)], new Philox(1)).Draw(0, 400, 100);
        Assert.Equal(20, context.Length + query.Length);
        Assert.Equal(4, query.Length);
    }

    [Fact]
    public void Episodes_differ_and_repeat_by_seed()
    {
        var sampler = new EpisodeSampler(Labels, new Philox(1));
        Assert.NotEqual(sampler.Draw(0, 50, 20).Query, sampler.Draw(1, 50, 20).Query);
        Assert.Equal(sampler.Draw(3, 50, 20).Context, new EpisodeSampler(Labels, new Philox(1)).Draw(3, 50, 20).Context);
        Assert.NotEqual(sampler.Draw(3, 50, 20).Context, new EpisodeSampler(Labels, new Philox(2)).Draw(3, 50, 20).Context);
    }
}
