using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Directs every undirected edge whose other direction would make a cycle or a new collider.</summary>
/// <remarks>
/// Meek (1995), rules R1 to R4, repeated until none applies. R4 can only apply where background knowledge directed an
/// edge. No rule builds on an ambiguous triple. Only where colliders conflict do order and <see cref="PropagationRule"/>
/// matter: a rule can then ask for a cycle, or for an edge to point both ways. What knowledge forbids is always refused.
/// </remarks>
static class MeekRules
{
    public static void Close(
        GraphBuilder graph, int[][] adjacent, PropagationRule rule, HashSet<UnshieldedTriple> ambiguous, EdgeKnowledge knowledge)
    {
        if (rule == PropagationRule.Acyclic)
        {
            new MeekTriples(graph, adjacent, ambiguous, knowledge).Close();
        }
        else
        {
            new MeekPasses(graph, adjacent, rule, ambiguous, knowledge).Close();
        }
    }

    /// <summary>R4: a --- c --> d --> b, c and b not joined, a and d joined: b --> a would force a cycle or a collider.</summary>
    public static bool R4(GraphBuilder graph, int[][] adjacent, HashSet<UnshieldedTriple> ambiguous, int a, int b)
    {
        foreach (int c in adjacent[a])
        {
            if (c == b || !graph.IsUndirected(a, c) || graph.AreAdjacent(c, b) || ambiguous.Contains(UnshieldedTriple.Of(c, a, b)))
            {
                continue;
            }

            foreach (int d in adjacent[a])
            {
                if (graph.IsDirected(c, d) && graph.IsDirected(d, b))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
