using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A DAG that a CPDAG stands for: the same edges, the same colliders, every undirected edge directed.</summary>
/// <remarks>
/// Dor and Tarsi (1992): take away, again and again, a variable that no edge leaves and whose undirected neighbours are
/// joined to all its other neighbours, directing those edges into it. Of several, the one with the largest index goes
/// first, so that columns to the left tend to be causes.
/// A graph found from finite data may have no such variable. Then the one that costs least is taken: fewest directed
/// edges turned round, then fewest new colliders. An edge with two arrowheads is taken for an undirected one. What was
/// done is reported.
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
        Edge[] contested = [.. graph.Edges.Where(edge => !edge.IsDirected && !edge.IsUndirected)];
        foreach (var edge in contested)
        {
            rest.Undirect(edge.From, edge.To);
        }

        // Only its neighbours' costs change when a variable is taken away; what they were before stays in the queue, outdated.
        var costs = new (int Turns, int Colliders)[graph.Count];
        var cheapest = new PriorityQueue<int, (int Turns, int Colliders, int Order)>(graph.Count);
        for (int node = 0; node < graph.Count; node++)
        {
            Enqueue(node);
        }

        var taken = new bool[graph.Count];
        var turned = new List<string>();
        int colliders = 0;
        while (cheapest.TryDequeue(out int node, out var cost))
        {
            if (taken[node] || costs[node] != (cost.Turns, cost.Colliders))
            {
                continue;
            }

            taken[node] = true;
            turned.AddRange(Leaving(node).Select(to => $"{Name(node)} --> {Name(to)}"));
            colliders += cost.Turns == 0 ? cost.Colliders : 0;
            int[] neighbours = [.. rest.Adjacent(node)];
            foreach (int other in neighbours)
            {
                dag.Direct(other, node);
                rest.Disconnect(other, node);
            }

            foreach (int other in neighbours)
            {
                Enqueue(other);
            }
        }

        var said = new List<string>();
        if (contested.Length > 0)
        {
            said.Add(
                "Colliders contradict each other at " +
                $"{string.Join(", ", contested.Select(edge => $"{Name(edge.From)} <-> {Name(edge.To)}"))}: directed as if undirected.");
        }

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

        void Enqueue(int node)
        {
            costs[node] = (Leaving(node).Count(), NewColliders(node));
            cheapest.Enqueue(node, (costs[node].Turns, costs[node].Colliders, -node));
        }

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
