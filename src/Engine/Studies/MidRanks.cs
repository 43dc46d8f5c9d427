namespace CausalMixFT.Engine.Studies;

/// <summary>Ranks from 1, equal values sharing the mean of their places.</summary>
static class MidRanks
{
    /// <summary>The rank of each value, the smallest first.</summary>
    public static double[] Of(IReadOnlyList<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        var ranks = new double[values.Count];
        foreach (var (first, next) in Ties(order, values))
        {
            for (int i = first; i < next; i++)
            {
                ranks[order[i]] = (first + 1 + next) / 2.0;
            }
        }

        return ranks;
    }

    /// <summary>Σ (t³ − t) over groups of t equal values: what ties take from a variance of ranks.</summary>
    public static double TieTerm(IReadOnlyList<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        double sum = 0;
        foreach (var (first, next) in Ties(order, values))
        {
            double size = next - first;
            sum += size * size * size - size;
        }

        return sum;
    }

    static IEnumerable<(int First, int Next)> Ties(int[] order, IReadOnlyList<double> values)
    {
        for (int first = 0; first < order.Length;)
        {
            int next = first + 1;
            while (next < order.Length && values[order[next]] == values[order[first]])
            {
                next++;
            }

            yield return (first, next);
            first = next;
        }
    }
}
