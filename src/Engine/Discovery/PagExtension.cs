using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>One DAG for the tables that a PAG describes: the same pairs joined, every edge directed.</summary>
/// <remarks>
/// o-> becomes -->, and o-o is directed without new colliders where that can be done: without hidden causes and selection
/// this is a DAG that implies just what the data told (Zhang 2008, theorem 2). A DAG has no hidden causes: &lt;-> becomes -->,
/// the way round that keeps more colliders and closes no cycle, so that the dependence stays although its reason is
/// another; --- is directed like o-o. Both are reported.
/// </remarks>
public static class PagExtension
{
    /// <summary>Directs every edge, and says where that could not be done in keeping with the graph.</summary>
    public static Dag Extend(Pag graph, out IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var said = new List<string>();
        var builder = new GraphBuilder(graph.Variables);
        foreach (var edge in graph.Edges)
        {
            _ = edge.AtTo == Endpoint.Arrow && edge.AtFrom != Endpoint.Arrow
                ? builder.Direct(edge.From, edge.To)
                : builder.Undirect(edge.From, edge.To);
        }

        Edge[] confounded = [.. graph.Edges.Where(edge => (edge.AtFrom, edge.AtTo) == (Endpoint.Arrow, Endpoint.Arrow))];
        foreach (var edge in confounded)
        {
            builder.Disconnect(edge.From, edge.To);
        }

        foreach (var edge in confounded)
        {
            bool backwards = Colliders(graph, edge.From, edge.To) > Colliders(graph, edge.To, edge.From);
            var (from, to) = backwards ? (edge.To, edge.From) : (edge.From, edge.To);
            _ = builder.HasDirectedPath(to, from) ? builder.Direct(to, from) : builder.Direct(from, to);
        }

        if (confounded.Length > 0)
        {
            said.Add(
                $"A hidden cause joins {Names(confounded)}: a DAG has none, so the one chosen directs " +
                $"{(confounded.Length == 1 ? "the edge" : "these edges")} to keep the dependence.");
        }

        Edge[] selected = [.. graph.Edges.Where(edge => edge.IsUndirected)];
        if (selected.Length > 0)
        {
            said.Add(
                $"Selection of rows joins {Names(selected)}: a DAG has none, so the one chosen directs " +
                $"{(selected.Length == 1 ? "the edge" : "these edges")} to keep the dependence.");
        }

        var dag = DagExtension.Extend(builder.ToCpdag(), out var extensionNotes);
        notes = [.. said, .. extensionNotes];
        return dag;

        string Names(IEnumerable<Edge> edges) =>
            string.Join(", ", edges.Select(edge => $"{graph.Variables[edge.From].Name} {edge.Symbol} {graph.Variables[edge.To].Name}"));
    }

    // Unshielded colliders at one end of an edge that has arrowheads at both.
    static int Colliders(Pag graph, int at, int other) => graph.Adjacent(at).Count(node =>
        node != other && graph.Mark(node, at) == Endpoint.Arrow && !graph.AreAdjacent(node, other));
}
