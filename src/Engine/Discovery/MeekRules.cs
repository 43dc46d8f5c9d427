using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Directs every undirected edge whose other direction would make a cycle or a new collider.</summary>
/// <remarks>
/// Meek (1995), rules R1 to R4, repeated until none applies. R4 can only apply where background knowledge directed an
/// edge. With conflicting colliders a rule can ask for what knowledge forbids, or for a cycle: the former is always
/// refused, the latter unless <c>mayCloseCycles</c>.
/// </remarks>
static class MeekRules
{
    public static void Close(GraphBuilder graph, EdgeKnowledge knowledge, bool mayCloseCycles = false)
    {
        bool changed = true;
        while (changed)
        {
            changed = Apply(R1) | Apply(R2) | Apply(R3) | (!knowledge.IsEmpty && Apply(R4));
        }

        // One rule over all ordered pairs a --- b, by b and then a: each edge is directed a --> b where the rule says so.
        bool Apply(Func<GraphBuilder, int, int, bool> rule)
        {
            bool any = false;
            for (int b = 0; b < graph.Count; b++)
            {
                for (int a = 0; a < graph.Count; a++)
                {
                    if (graph.IsUndirected(a, b) && !knowledge.IsForbidden(a, b) && rule(graph, a, b)
                        && (mayCloseCycles || !graph.HasDirectedPath(b, a)))
                    {
                        graph.Direct(a, b);
                        any = true;
                    }
                }
            }

            return any;
        }
    }

    /// <summary>c --> a --- b, c and b not joined: b --> a would be a new collider.</summary>
    static bool R1(GraphBuilder graph, int a, int b) =>
        graph.Adjacent(a).Any(c => c != b && graph.IsDirected(c, a) && !graph.AreAdjacent(c, b));

    /// <summary>a --> c --> b: b --> a would close a cycle.</summary>
    static bool R2(GraphBuilder graph, int a, int b) =>
        graph.Adjacent(a).Any(c => graph.IsDirected(a, c) && graph.IsDirected(c, b));

    /// <summary>a --- c --> b and a --- d --> b, c and d not joined: b --> a would force a collider at a.</summary>
    static bool R3(GraphBuilder graph, int a, int b)
    {
        int[] middle = [.. graph.Adjacent(a).Where(c => graph.IsUndirected(a, c) && graph.IsDirected(c, b))];
        return middle.Any(c => middle.Any(d => d > c && !graph.AreAdjacent(c, d)));
    }

    /// <summary>a --- c --> d --> b, c and b not joined, a and d joined: b --> a would force a cycle or a collider.</summary>
    static bool R4(GraphBuilder graph, int a, int b) =>
        graph.Adjacent(a).Any(c => graph.IsUndirected(a, c) && !graph.AreAdjacent(c, b) && c != b
            && graph.Adjacent(a).Any(d => graph.IsDirected(c, d) && graph.IsDirected(d, b)));
}
