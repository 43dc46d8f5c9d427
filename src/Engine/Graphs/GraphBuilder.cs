using System.Diagnostics;
using System.Numerics;

namespace CausalMixFT.Engine.Graphs;

/// <summary>A graph under construction: the one mutable graph.</summary>
public sealed class GraphBuilder
{
    // One more than the mark at b of the edge a, b, at a · Count + b; 0 where there is none. And who is joined to whom as
    // a row of bits, so that a sparse graph of a thousand variables is walked by its edges.
    readonly byte[] _marks;
    readonly ulong[] _adjacent;
    readonly int _words;

    /// <summary>A graph without edges.</summary>
    public GraphBuilder(IReadOnlyList<Variable> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        Variables = variables;
        Count = variables.Count;
        _words = (Count + 63) / 64;
        _marks = new byte[checked(Count * Count)];
        _adjacent = new ulong[Count * _words];
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
    public int Count { get; }

    /// <summary>Whether an edge joins the two.</summary>
    public bool AreAdjacent(int a, int b) => _marks[a * Count + b] != 0;

    /// <summary>The mark at <paramref name="to"/> of the edge between the two, or null where there is none.</summary>
    public Endpoint? Mark(int from, int to) => _marks[from * Count + to] is var mark and not 0 ? (Endpoint)(mark - 1) : null;

    /// <summary>Whether the graph holds <paramref name="from"/> --> <paramref name="to"/>.</summary>
    public bool IsDirected(int from, int to) => Has(from, to, Endpoint.Arrow) && Has(to, from, Endpoint.Tail);

    /// <summary>Whether the graph holds <paramref name="a"/> --- <paramref name="b"/>.</summary>
    public bool IsUndirected(int a, int b) => Has(a, b, Endpoint.Tail) && Has(b, a, Endpoint.Tail);

    /// <summary>The variables joined to <paramref name="node"/>, ascending, as they are when each one's turn comes.</summary>
    public IEnumerable<int> Adjacent(int node)
    {
        for (int other = NextAdjacent(node, 0); other >= 0; other = NextAdjacent(node, other + 1))
        {
            yield return other;
        }
    }

    /// <summary>How many variables are joined to <paramref name="node"/>.</summary>
    public int Degree(int node)
    {
        int degree = 0;
        foreach (ulong word in _adjacent.AsSpan(node * _words, _words))
        {
            degree += BitOperations.PopCount(word);
        }

        return degree;
    }

    /// <summary>Joins the two by an edge with the given marks, in place of any there was.</summary>
    public GraphBuilder Connect(int a, int b, Endpoint atA, Endpoint atB)
    {
        Debug.Assert(a != b, "No variable is joined to itself.");
        _marks[b * Count + a] = (byte)(atA + 1);
        _marks[a * Count + b] = (byte)(atB + 1);
        _adjacent[a * _words + b / 64] |= 1UL << b;
        _adjacent[b * _words + a / 64] |= 1UL << a;
        return this;
    }

    /// <summary>Makes the edge <paramref name="from"/> --> <paramref name="to"/>.</summary>
    public GraphBuilder Direct(int from, int to) => Connect(from, to, Endpoint.Tail, Endpoint.Arrow);

    /// <summary>Makes the edge <paramref name="a"/> --- <paramref name="b"/>.</summary>
    public GraphBuilder Undirect(int a, int b) => Connect(a, b, Endpoint.Tail, Endpoint.Tail);

    /// <summary>Takes the edge between the two away.</summary>
    public GraphBuilder Disconnect(int a, int b)
    {
        _marks[a * Count + b] = _marks[b * Count + a] = 0;
        _adjacent[a * _words + b / 64] &= ~(1UL << b);
        _adjacent[b * _words + a / 64] &= ~(1UL << a);
        return this;
    }

    /// <summary>Whether directed edges lead from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public bool HasDirectedPath(int from, int to)
    {
        var reached = new bool[Count];
        var open = new Stack<int>([from]);
        while (open.TryPop(out int node))
        {
            for (int next = NextAdjacent(node, 0); next >= 0; next = NextAdjacent(node, next + 1))
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

    internal byte[] CopyMarks() => [.. _marks];

    /// <summary>The first variable from <paramref name="first"/> on that is joined to <paramref name="node"/>, or −1.</summary>
    internal int NextAdjacent(int node, int first)
    {
        int word = first / 64;
        if (word >= _words)
        {
            return -1;
        }

        int row = node * _words;
        ulong bits = _adjacent[row + word] & (ulong.MaxValue << first);
        while (bits == 0)
        {
            if (++word == _words)
            {
                return -1;
            }

            bits = _adjacent[row + word];
        }

        return word * 64 + BitOperations.TrailingZeroCount(bits);
    }

    bool Has(int from, int to, Endpoint mark) => _marks[from * Count + to] == (byte)mark + 1;
}
