using System.Diagnostics;

namespace CausalMixFT.Engine.Graphs;

/// <summary>A graph under construction: the one mutable graph.</summary>
public sealed class GraphBuilder
{
    readonly Endpoint?[] _marks;

    /// <summary>A graph without edges.</summary>
    public GraphBuilder(IReadOnlyList<Variable> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        Variables = variables;
        _marks = new Endpoint?[Count * Count];
    }

    /// <summary>A copy of <paramref name="graph"/> to edit.</summary>
    public GraphBuilder(CausalGraph graph)
        : this((graph ?? throw new ArgumentNullException(nameof(graph))).Variables)
    {
        foreach (var edge in graph.Edges)
        {
            Connect(edge.From, edge.To, edge.AtFrom, edge.AtTo);
        }
    }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<Variable> Variables { get; }

    /// <summary>Number of variables.</summary>
    public int Count => Variables.Count;

    /// <summary>Whether an edge joins the two.</summary>
    public bool AreAdjacent(int a, int b) => _marks[a * Count + b] is not null;

    /// <summary>The mark at <paramref name="to"/> of the edge between the two, or null where there is none.</summary>
    public Endpoint? Mark(int from, int to) => _marks[from * Count + to];

    /// <summary>Whether the graph holds <paramref name="from"/> --> <paramref name="to"/>.</summary>
    public bool IsDirected(int from, int to) => Mark(from, to) == Endpoint.Arrow && Mark(to, from) == Endpoint.Tail;

    /// <summary>Whether the graph holds <paramref name="a"/> --- <paramref name="b"/>.</summary>
    public bool IsUndirected(int a, int b) => Mark(a, b) == Endpoint.Tail && Mark(b, a) == Endpoint.Tail;

    /// <summary>The variables joined to <paramref name="node"/>, ascending.</summary>
    public IEnumerable<int> Adjacent(int node)
    {
        for (int other = 0; other < Count; other++)
        {
            if (AreAdjacent(node, other))
            {
                yield return other;
            }
        }
    }

    /// <summary>Joins the two by an edge with the given marks, in place of any there was.</summary>
    public GraphBuilder Connect(int a, int b, Endpoint atA, Endpoint atB)
    {
        Debug.Assert(a != b, "No variable is joined to itself.");
        _marks[b * Count + a] = atA;
        _marks[a * Count + b] = atB;
        return this;
    }

    /// <summary>Makes the edge <paramref name="from"/> --> <paramref name="to"/>.</summary>
    public GraphBuilder Direct(int from, int to) => Connect(from, to, Endpoint.Tail, Endpoint.Arrow);

    /// <summary>Makes the edge <paramref name="a"/> --- <paramref name="b"/>.</summary>
    public GraphBuilder Undirect(int a, int b) => Connect(a, b, Endpoint.Tail, Endpoint.Tail);

    /// <summary>Takes the edge between the two away.</summary>
    public GraphBuilder Disconnect(int a, int b)
    {
        _marks[a * Count + b] = _marks[b * Count + a] = null;
        return this;
    }

    /// <summary>Whether directed edges lead from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public bool HasDirectedPath(int from, int to)
    {
        var reached = new bool[Count];
        var open = new Stack<int>([from]);
        while (open.TryPop(out int node))
        {
            for (int next = 0; next < Count; next++)
            {
                if (!reached[next] && IsDirected(node, next))
                {
                    if (next == to)
                    {
                        return true;
                    }

                    reached[next] = true;
                    open.Push(next);
                }
            }
        }

        return false;
    }

    /// <summary>The finished graph as a DAG.</summary>
    /// <exception cref="Tables.InputException">An edge is not directed, or the edges form a cycle.</exception>
    public Dag ToDag() => new(this);

    /// <summary>The finished graph as a CPDAG: each edge directed or undirected.</summary>
    /// <exception cref="Tables.InputException">An edge carries other marks.</exception>
    public Cpdag ToCpdag() => new(this);

    /// <summary>The finished graph as a PAG: any marks.</summary>
    public Pag ToPag() => new(this);

    internal Endpoint?[] CopyMarks() => [.. _marks];
}
