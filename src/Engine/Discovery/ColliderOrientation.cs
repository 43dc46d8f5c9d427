using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>x --> y &lt;-- z, wherever x and z are not joined and y is not in the set that separates them.</summary>
static class ColliderOrientation
{
    public static void Run(GraphBuilder graph, SeparatingSets separatingSets, ColliderRule rule, EdgeKnowledge knowledge)
    {
        foreach (var (x, y, z) in InOrder(Colliders(graph, separatingSets, knowledge), separatingSets, rule).ToArray())
        {
            bool contradicts = graph.IsDirected(y, x) || graph.IsDirected(y, z);
            bool closesCycle = rule == ColliderRule.SurestFirst && (graph.HasDirectedPath(y, x) || graph.HasDirectedPath(y, z));
            if (rule == ColliderRule.Overwrite || !(contradicts || closesCycle))
            {
                graph.Direct(x, y);
                graph.Direct(z, y);
            }
        }
    }

    static IEnumerable<(int X, int Y, int Z)> InOrder(
        IEnumerable<(int X, int Y, int Z)> colliders, SeparatingSets separatingSets, ColliderRule rule) =>
        rule == ColliderRule.SurestFirst
            ? colliders.OrderByDescending(triple => separatingSets.Of(triple.X, triple.Z)!.PValue)
            : colliders;

    // No set is known for a pair that was never joined: then nothing is known of the triple either.
    static IEnumerable<(int X, int Y, int Z)> Colliders(GraphBuilder graph, SeparatingSets separatingSets, EdgeKnowledge knowledge) =>
        UnshieldedTriples(graph).Where(triple =>
            separatingSets.Of(triple.X, triple.Z) is { } separating && !separating.Given.Contains(triple.Y)
            && !knowledge.IsForbidden(triple.X, triple.Y) && !knowledge.IsForbidden(triple.Z, triple.Y));

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
