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
            changed = ApplyR1() | Apply(R2) | Apply(R3) | (!knowledge.IsEmpty && Apply(R4));
        }

        // R1: c --> a --- b, c and b not joined: b --> a would be a new collider. Only where colliders conflict does the
        // order matter, and then it is pcalg's: edges that were directed when the pass began, by a and then c.
        bool ApplyR1()
        {
            var directed = (
                from a in Enumerable.Range(0, graph.Count)
                from c in graph.Adjacent(a)
                where graph.IsDirected(c, a)
                select (C: c, A: a)).ToArray();
            bool any = false;
            foreach (var (c, a) in directed)
            {
                foreach (int b in graph.Adjacent(a))
                {
                    any |= b != c && !graph.AreAdjacent(c, b) && TryDirect(a, b);
                }
            }

            return any;
        }

        // The other rules look at each a --- b, by b and then a.
        bool Apply(Func<GraphBuilder, int, int, bool> rule)
        {
            bool any = false;
            for (int b = 0; b < graph.Count; b++)
            {
                for (int a = 0; a < graph.Count; a++)
                {
                    any |= graph.IsUndirected(a, b) && rule(graph, a, b) && TryDirect(a, b);
                }
            }

            return any;
        }

        bool TryDirect(int a, int b)
        {
            if (!graph.IsUndirected(a, b) || knowledge.IsForbidden(a, b) || (!mayCloseCycles && graph.HasDirectedPath(b, a)))
            {
                return false;
            }

            graph.Direct(a, b);
            return true;
        }
    }

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
