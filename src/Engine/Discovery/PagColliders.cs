using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The first marks of a PAG: what is known beforehand, and the colliders of unshielded triples (rule R0).</summary>
static class PagColliders
{
    /// <summary>Marks every edge o-o, then puts what is known.</summary>
    /// <remarks>
    /// A forbidden a --> b says that a causes b in no way, so the edge has an arrowhead at a; a required one is a --> b.
    /// </remarks>
    public static void Reset(GraphBuilder graph, EdgeKnowledge knowledge)
    {
        for (int a = 0; a < graph.Count; a++)
        {
            foreach (int b in graph.Adjacent(a).Where(b => b > a).ToArray())
            {
                graph.Connect(a, b, Known(b, a), Known(a, b));
            }
        }

        Endpoint Known(int from, int to) =>
            knowledge.IsForbidden(to, from) ? Endpoint.Arrow : knowledge.IsRequired(to, from) ? Endpoint.Tail : Endpoint.Circle;
    }

    /// <summary>x *-> y &lt;-* z, wherever x and z are not joined and y is not in the set that separates them.</summary>
    /// <remarks>Where two colliders want arrowheads at both ends of an edge it gets both. Returns what knowledge refused.</remarks>
    public static IReadOnlyList<UnshieldedTriple> Orient(
        GraphBuilder graph, PagTriples triples, EdgeKnowledge knowledge)
    {
        var refused = new List<UnshieldedTriple>();
        int[][] adjacent = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
        foreach (var (x, y, z) in UnshieldedTriple.In(graph, adjacent))
        {
            if (triples.Separates(x, y, z) != false || triples.IsAmbiguous(x, y, z))
            {
                continue;
            }

            if (knowledge.IsRequired(y, x) || knowledge.IsRequired(y, z))
            {
                refused.Add(new(x, y, z));
                continue;
            }

            graph.Connect(x, y, graph.Mark(y, x)!.Value, Endpoint.Arrow);
            graph.Connect(z, y, graph.Mark(y, z)!.Value, Endpoint.Arrow);
        }

        return refused;
    }
}
