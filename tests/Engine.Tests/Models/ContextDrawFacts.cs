using CausalMixFT.Engine.Models;

namespace CausalMixFT.Engine.Tests.Models;

public class ContextDrawFacts
{
    // 30 of class 2 and 90 of class 1 among 3,000.
    static readonly int[] Skewed = [.. Enumerable.Range(0, 3000).Select(row => row % 100 == 0 ? 2 : row % 100 < 4 ? 1 : 0)];

    [Fact]
    public void Rare_classes_have_half_of_an_equal_part_as_far_as_they_have_rows()
    {
        int[] Counts(ContextDraw draw, int count) =>
            [.. DrawnContext.Of(Skewed, 3, count, draw, seed: 1).Rows.GroupBy(row => Skewed[row]).OrderBy(g => g.Key).Select(g => g.Count())];

        Assert.Equal([288, 9, 3], Counts(ContextDraw.Stratified, 300));
        Assert.Equal([220, 50, 30], Counts(ContextDraw.Rare, 300));
        Assert.Equal([100, 25, 25], Counts(ContextDraw.Rare, 150));
    }

    [Fact]
    public void The_posterior_of_the_drawn_rows_becomes_that_of_all_rows()
    {
        // How likely a query is in each class, and with a context's shares as the prior what a perfect model says of it.
        double[] likelihood = [0.2, 3, 40];
        float[] Posterior(IEnumerable<int> rows)
        {
            double[] odds = [.. Enumerable.Range(0, 3).Select(k => likelihood[k] * rows.Count(row => Skewed[row] == k))];
            return Array.ConvertAll(odds, odd => (float)(odd / odds.Sum()));
        }

        var drawn = DrawnContext.Of(Skewed, 3, 300, ContextDraw.Rare, seed: 1);
        float[] told = Posterior(drawn.Rows), expected = Posterior(Enumerable.Range(0, Skewed.Length));
        int[] names = [2, 0, 1];
        float[] named = new float[3];
        for (int k = 0; k < 3; k++)
        {
            named[names[k]] = told[k];
        }

        drawn.Correct(named, names);

        Assert.True(told[2] > expected[2] + 0.2);
        Assert.All(Enumerable.Range(0, 3), k => Assert.Equal(expected[k], named[names[k]], 1e-6));
    }

    [Fact]
    public void Where_classes_have_their_parts_or_all_rows_are_shown_nothing_changes()
    {
        int[] even = [.. Enumerable.Range(0, 400).Select(row => row % 2)];
        foreach (var (labels, count) in new[] { (even, 100), (Skewed, 3000) })
        {
            var drawn = DrawnContext.Of(labels, 3, count, ContextDraw.Rare, seed: 1);
            float[] probabilities = [0.1f, 0.7f, 0.2f];
            drawn.Correct(probabilities, [0, 1, 2]);
            Assert.Equal(DrawnContext.Of(labels, 3, count, ContextDraw.Stratified, seed: 1).Rows, drawn.Rows);
            Assert.Equal([0.1f, 0.7f, 0.2f], probabilities);
        }
    }
}
