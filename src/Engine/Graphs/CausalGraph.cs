namespace CausalMixFT.Engine.Graphs;

/// <summary>A graph over variables whose edges carry a mark at each end. Immutable; edit through a <see cref="GraphBuilder"/>.</summary>
public abstract class CausalGraph
{
    // As GraphBuilder lays them out.
    readonly byte[] _marks;
    readonly int[][] _adjacent;

    private protected CausalGraph(GraphBuilder builder)
    {
        Variables = builder.Variables;
        _marks = builder.CopyMarks();
        Count = builder.Count;
        _adjacent = new int[Count][];
        for (int node = 0; node < Count; node++)
        {
            _adjacent[node] = new int[builder.Degree(node)];
            int found = 0;
            for (int other = builder.NextAdjacent(node, 0); other >= 0; other = builder.NextAdjacent(node, other + 1))
            {
                _adjacent[node][found++] = other;
            }
        }
    }

    /// <summary>The nodes, in column order.</summary>
    public IReadOnlyList<Variable> Variables { get; }

    /// <summary>Number of variables.</summary>
    public int Count { get; }

    /// <summary>Every edge once, by the smaller index and then the larger; a directed edge runs from cause to effect.</summary>
    public IEnumerable<Edge> Edges
    {
        get
        {
            for (int a = 0; a < Count; a++)
            {
                foreach (int b in _adjacent[a])
                {
                    if (b < a)
                    {
                        continue;
                    }

                    var (atA, atB) = (Mark(b, a)!.Value, Mark(a, b)!.Value);
                    yield return atA == Endpoint.Arrow && atB != Endpoint.Arrow ? new(b, a, atB, atA) : new(a, b, atA, atB);
                }
            }
        }
    }

    /// <summary>Whether an edge joins the two.</summary>
    public bool AreAdjacent(int a, int b) => _marks[a * Count + b] != 0;

    /// <summary>The mark at <paramref name="to"/> of the edge between the two, or null where there is none.</summary>
    public Endpoint? Mark(int from, int to) => _marks[from * Count + to] is var mark and not 0 ? (Endpoint)(mark - 1) : null;

    /// <summary>Whether the graph holds <paramref name="from"/> --> <paramref name="to"/>.</summary>
    public bool IsDirected(int from, int to) => Has(from, to, Endpoint.Arrow) && Has(to, from, Endpoint.Tail);

    /// <summary>Whether the graph holds <paramref name="a"/> --- <paramref name="b"/>.</summary>
    public bool IsUndirected(int a, int b) => Has(a, b, Endpoint.Tail) && Has(b, a, Endpoint.Tail);

    /// <summary>The variables joined to <paramref name="node"/>, ascending.</summary>
    public IReadOnlyList<int> Adjacent(int node) => _adjacent[node];

    /// <summary>The graph as <see cref="Dag.Parse"/> reads it: "A --> C, B --- C".</summary>
    public override string ToString() => string.Join(
        ", ",
        Edges.Select(edge => $"{Variables[edge.From].Name} {edge.Symbol} {Variables[edge.To].Name}")
            .Concat(Variables.Where(v => _adjacent[v.Index].Length == 0).Select(v => v.Name)));

    bool Has(int from, int to, Endpoint mark) => _marks[from * Count + to] == (byte)mark + 1;
}
