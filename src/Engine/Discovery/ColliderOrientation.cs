using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>x --> y &lt;-- z, wherever x and z are not joined and y is not in the set that separates them.</summary>
static class ColliderOrientation
{
    public static void Run(GraphBuilder graph, SeparatingSets separatingSets, ColliderRule rule, EdgeKnowledge knowledge)
    {
        foreach (var (x, y, z) in UnshieldedTriples(graph))
        {
            // No set is known for a pair that was never joined: then nothing is known of the triple either.
            if (separatingSets.Of(x, z) is not { } separating || separating.Given.Contains(y)
                || knowledge.IsForbidden(x, y) || knowledge.IsForbidden(z, y))
            {
                continue;
            }

            if (rule == ColliderRule.Overwrite || !(graph.IsDirected(y, x) || graph.IsDirected(y, z)))
            {
                graph.Direct(x, y);
                graph.Direct(z, y);
            }
        }
    }

    // By y, then x, then z: which collider counts as first or last is decided by y alone.
    static IEnumerable<(int X, int Y, int Z)> UnshieldedTriples(GraphBuilder graph)
    {
        for (int y = 0; y < graph.Count; y++)
        {
            int[] adjacent = [.. graph.Adjacent(y)];
            foreach (int x in adjacent)
            {
                foreach (int z in adjacent.Where(z => z > x && !graph.AreAdjacent(x, z)))
                {
                    yield return (x, y, z);
                }
            }
        }
    }
}
