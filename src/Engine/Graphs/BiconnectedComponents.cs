namespace CausalMixFT.Engine.Graphs;

/// <summary>The parts of a graph that no single variable holds together: two edges are in one part when a cycle runs through both.</summary>
/// <remarks>Hopcroft and Tarjan (1973). A variable lies on a path between the ends of an edge exactly when it is in the edge's part.</remarks>
sealed class BiconnectedComponents
{
    readonly Dictionary<(int, int), int> _partOf = [];
    readonly List<bool[]> _members = [];

    /// <summary>Finds the parts of <paramref name="graph"/>, whatever its marks.</summary>
    public BiconnectedComponents(GraphBuilder graph)
    {
        int[][] adjacent = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
        var (found, low, next) = (new int[graph.Count], new int[graph.Count], new int[graph.Count]);
        var edges = new Stack<(int, int)>();
        int time = 0;
        for (int root = 0; root < graph.Count; root++)
        {
            if (found[root] == 0)
            {
                Visit(root);
            }
        }

        // Depth first on a stack of its own: a chain of variables may be longer than the call stack.
        void Visit(int root)
        {
            var path = new Stack<(int Node, int Parent)>([(root, -1)]);
            found[root] = low[root] = ++time;
            while (path.TryPeek(out var at))
            {
                var (node, parent) = at;
                if (next[node] < adjacent[node].Length)
                {
                    int other = adjacent[node][next[node]++];
                    if (found[other] == 0)
                    {
                        edges.Push((node, other));
                        found[other] = low[other] = ++time;
                        path.Push((other, node));
                    }
                    else if (other != parent && found[other] < found[node])
                    {
                        edges.Push((node, other));
                        low[node] = Math.Min(low[node], found[other]);
                    }

                    continue;
                }

                path.Pop();
                if (path.TryPeek(out var above))
                {
                    low[above.Node] = Math.Min(low[above.Node], low[node]);
                    if (low[node] >= found[above.Node])
                    {
                        Close((above.Node, node));
                    }
                }
            }
        }

        void Close((int, int) first)
        {
            var members = new bool[graph.Count];
            (int A, int B) edge;
            do
            {
                edge = edges.Pop();
                members[edge.A] = members[edge.B] = true;
                _partOf[(Math.Min(edge.A, edge.B), Math.Max(edge.A, edge.B))] = _members.Count;
            }
            while (edge != first);
            _members.Add(members);
        }
    }

    /// <summary>How many parts there are.</summary>
    public int Count => _members.Count;

    /// <summary>The part of the edge a, b.</summary>
    public int PartOf(int a, int b) => _partOf[(Math.Min(a, b), Math.Max(a, b))];

    /// <summary>Whether an edge of the part ends in <paramref name="node"/>.</summary>
    public bool Holds(int part, int node) => _members[part][node];
}
