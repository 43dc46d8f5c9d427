using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Finds discriminating paths: d, …, a, b, c on which every variable between d and b is a collider and a parent of c, d and c not joined.</summary>
/// <remarks>Zhang (2008), definition 7. Such a path tells whether b is a collider by whether b separates d and c.</remarks>
static class DiscriminatingPath
{
    /// <summary>The shortest that ends in <paramref name="a"/>, <paramref name="b"/>, <paramref name="c"/>, from d on; null where there is none.</summary>
    /// <remarks>That b *-> a --> c holds is the caller's to see to.</remarks>
    public static IReadOnlyList<int>? Find(GraphBuilder graph, int a, int b, int c)
    {
        var towardsA = new Dictionary<int, int> { [a] = b, [b] = c, [c] = c };
        var open = new Queue<int>([a]);
        while (open.TryDequeue(out int node))
        {
            foreach (int d in graph.Adjacent(node))
            {
                if (towardsA.ContainsKey(d) || graph.Mark(d, node) != Endpoint.Arrow)
                {
                    continue;
                }

                if (!graph.AreAdjacent(d, c))
                {
                    return Path(d, node);
                }

                if (graph.IsDirected(d, c) && graph.Mark(node, d) == Endpoint.Arrow)
                {
                    towardsA[d] = node;
                    open.Enqueue(d);
                }
            }
        }

        return null;

        List<int> Path(int first, int second)
        {
            var path = new List<int> { first };
            for (int node = second; node != c; node = towardsA[node])
            {
                path.Add(node);
            }

            path.Add(c);
            return path;
        }
    }
}
