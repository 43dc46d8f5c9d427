using CausalMixFT.Engine.Scm;

namespace CausalMixFT.Engine.Tests.Scm;

public class FairTurnsFacts
{
    public static TheoryData<int[]> Weights => new()
    {
        new[] { 1 },
        new[] { 1, 1 },
        new[] { 1, 0, 3 },
        new[] { 2, 2, 2, 2, 2 },
        new[] { 50, 30, 15, 4, 1 },
        new[] { 333_333, 333_333, 333_334 },
        new[] { 999_999, 1 },
        new[] { 610, 377, 233, 144, 89, 55, 34, 21, 13, 8, 5, 3, 2, 1, 1 },
        Enumerable.Repeat(1, 41).ToArray(),
    };

    [Theory, MemberData(nameof(Weights))]
    public void Every_beginning_has_the_shares_to_within_a_turn(int[] weights)
    {
        var turns = new FairTurns(weights);
        long total = weights.Sum(weight => (long)weight);
        var had = new long[weights.Length];
        int parties = weights.Count(weight => weight > 0);

        // Tijdeman's bound, 1 − 1 / (2k − 2) turns, times the total and 2k − 2: whole numbers. One party alone has every turn.
        long slack = Math.Max(2 * parties - 2, 1), bound = parties == 1 ? 0 : (slack - 1) * total;
        for (int turn = 0; turn < Math.Min(2 * total, 20_000); turn++)
        {
            had[turns[turn]]++;
            for (int party = 0; party < weights.Length; party++)
            {
                long off = Math.Abs(((turn + 1L) * weights[party] - had[party] * total) * slack);
                Assert.True(off <= bound, $"party {party} is {(double)off / slack / total} turns off after {turn + 1}");
            }
        }
    }

    [Fact]
    public void The_order_begins_again_where_all_shares_are_met()
    {
        var turns = new FairTurns([3, 1]);
        Assert.Equal([1, 3], Enumerable.Range(0, 4).GroupBy(turn => turns[turn]).Select(same => same.Count()).Order());
        Assert.All(Enumerable.Range(0, 40), turn => Assert.Equal(turns[turn], turns[turn + 4L * 1_000_000_000]));
    }
}
