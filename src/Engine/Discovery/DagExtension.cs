using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A DAG that a CPDAG stands for: the same edges, the same colliders, every undirected edge directed.</summary>
/// <remarks>
/// Dor and Tarsi (1992): take away, again and again, a variable that no edge leaves and whose undirected neighbours are
/// joined to all its other neighbours, directing those edges into it. Of several, the one with the largest index goes
/// first, so that columns to the left tend to be causes.
/// A graph found from finite data may have no such variable. Then the one that costs least is taken: fewest directed
/// edges turned round, then fewest new colliders. What was done is reported.
/// </remarks>
public static class DagExtension
{
    /// <summary>A graph that is a DAG as it is, any other with every edge directed.</summary>
    public static Dag Of(CausalGraph graph, out IReadOnlyList<string> notes)
    {
        notes = [];
        return graph as Dag ?? (graph is Pag pag ? PagExtension.Extend(pag, out notes) : Extend((Cpdag)graph, out notes));
    }

    /// <summary>Directs every edge.</summary>
    public static Dag Extend(Cpdag graph) => Extend(graph, out _);

    /// <summary>Directs every edge, and says where that could not be done in keeping with the graph.</summary>
    public static Dag Extend(Cpdag graph, out IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var rest = new GraphBuilder(graph);
        var dag = new GraphBuilder(graph.Variables);
        var turned = new List<string>();
        int colliders = 0;
        var left = Enumerable.Range(0, graph.Count).ToList();
        while (left.Count > 0)
        {
            var (node, turns, newColliders) = left
                .Select(node => (Node: node, Turns: Leaving(node).Count(), Colliders: NewColliders(node)))
                .OrderBy(choice => choice.Turns).ThenBy(choice => choice.Colliders).ThenByDescending(choice => choice.Node)
                .First();
            turned.AddRange(Leaving(node).Select(to => $"{Name(node)} --> {Name(to)}"));
            colliders += turns == 0 ? newColliders : 0;
            foreach (int other in rest.Adjacent(node).ToArray())
            {
                dag.Direct(other, node);
                rest.Disconnect(other, node);
            }

            left.Remove(node);
        }

        var said = new List<string>();
        if (turned.Count > 0)
        {
            said.Add($"The graph's directed edges form a cycle: turned round {string.Join(", ", turned)}.");
        }

        if (colliders > 0)
        {
            said.Add($"No DAG fits the graph exactly: the one chosen has {colliders} {(colliders == 1 ? "collider" : "colliders")} more.");
        }

        notes = said;
        return dag.ToDag();

        string Name(int node) => graph.Variables[node].Name;

        IEnumerable<int> Leaving(int node) => rest.Adjacent(node).Where(other => rest.IsDirected(node, other));

        // Pairs of neighbours that would collide at the node and do not yet.
        int NewColliders(int node)
        {
            int[] neighbours = [.. rest.Adjacent(node)];
            int pairs = 0;
            for (int i = 0; i < neighbours.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    bool open = rest.IsUndirected(neighbours[i], node) || rest.IsUndirected(neighbours[j], node);
                    pairs += open && !graph.AreAdjacent(neighbours[i], neighbours[j]) ? 1 : 0;
                }
            }

            return pairs;
        }
    }
}
