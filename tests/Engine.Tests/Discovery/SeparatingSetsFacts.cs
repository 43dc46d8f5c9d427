using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Tests.Discovery;

public class SeparatingSetsFacts
{
    [Fact]
    public void What_is_added_is_found_in_either_order_and_listed_by_pair()
    {
        var random = new Random(71);
        var expected = new SortedDictionary<(int, int), SeparatingSet>();
        var sets = new SeparatingSets();
        for (int i = 0; i < 300; i++)
        {
            int x = random.Next(39), y = random.Next(x + 1, 40);
            var set = new SeparatingSet(x, y, [.. Enumerable.Range(40, random.Next(5))], random.NextDouble());

            // A later set of a pair takes the place of an earlier one.
            sets.Add(set);
            expected[(x, y)] = set;
        }

        Assert.Equal(expected.Count, sets.Count);
        Assert.Equal(expected.Values.Select(Text), sets.All.Select(Text));
        Assert.Equal(sets.Count, sets.All.Count);
        for (int x = 0; x < 45; x++)
        {
            for (int y = 0; y < 45; y++)
            {
                var set = expected.GetValueOrDefault((Math.Min(x, y), Math.Max(x, y)));
                Assert.Equal(set is null ? null : Text(set), sets.Of(x, y) is { } found ? Text(found) : null);
                Assert.Equal(set is not null, sets.Separates(x, y));
                Assert.Equal(set?.Given.Contains(41) ?? false, sets.Holds(x, y, 41));
                Assert.Equal(set?.Given ?? [], sets.GivenOf(x, y).ToArray());
                Assert.Equal(set?.PValue ?? double.NaN, sets.PValueOf(x, y));
            }
        }
    }

    [Fact]
    public void A_statistic_becomes_a_p_value_when_asked_for()
    {
        var sets = new SeparatingSets(3, (statistic, depth) => statistic + depth);
        sets.AddStatistic(0, 1, [], 0);
        sets.AddStatistic(0, 2, [1], -0.5);
        sets.Add(new(1, 2, [0], 0.25));

        Assert.Equal([0, 1.5, 0.25], sets.All.Select(set => set.PValue));
    }

    static string Text(SeparatingSet set) => $"{set.X} {set.Y} | {string.Join(' ', set.Given)}: {set.PValue:r}";
}
