using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Meek's rules over lists of triples made once; an edge whose direction would close a cycle stays undirected.</summary>
/// <remarks>
/// The lists run in causal-learn's order: (a, c) by the mark at c when the rules began, tails first, then by c, then by a.
/// </remarks>
sealed class MeekTriples
{
    readonly GraphBuilder _graph;
    readonly int[][] _adjacent;
    readonly HashSet<UnshieldedTriple> _ambiguous;
    readonly EdgeKnowledge _knowledge;
    readonly DirectedPaths _paths;

    // a, c, b, with c and b joined by an undirected edge that R1 might direct.
    readonly List<(int A, int C, int B)> _unshielded = [];

    // a, c, b, all joined, a and b by an undirected edge that R2 or R3 might direct.
    readonly List<(int A, int C, int B)> _triangles = [];

    // The third corners of the triangles above a and b, by a and then b's place among its neighbours.
    readonly Dictionary<(int A, int B), List<int>> _corners = [];

    public MeekTriples(GraphBuilder graph, int[][] adjacent, HashSet<UnshieldedTriple> ambiguous, EdgeKnowledge knowledge)
    {
        (_graph, _adjacent, _ambiguous, _knowledge) = (graph, adjacent, ambiguous, knowledge);
        _paths = new(graph, adjacent);
        List(Endpoint.Tail);
        List(Endpoint.Arrow);
    }

    public void Close()
    {
        bool changed = true;
        while (changed)
        {
            changed = ApplyR1() | ApplyR2() | ApplyR3() | (!_knowledge.IsEmpty && ApplyR4());
        }
    }

    void List(Endpoint atC)
    {
        for (int c = 0; c < _adjacent.Length; c++)
        {
            foreach (int a in _adjacent[c])
            {
                if (_graph.Mark(a, c) == atC)
                {
                    ListBehind(a, c, Endpoint.Tail);
                    ListBehind(a, c, Endpoint.Arrow);
                }
            }
        }
    }

    void ListBehind(int a, int c, Endpoint atB)
    {
        foreach (int b in _adjacent[c])
        {
            if (b == a || _graph.Mark(c, b) != atB)
            {
                continue;
            }

            if (_graph.IsUndirected(a, b))
            {
                _triangles.Add((a, c, b));
                if (!_corners.TryGetValue((a, b), out var corners))
                {
                    _corners[(a, b)] = corners = [];
                }

                corners.Add(c);
            }
            else if (_graph.IsUndirected(c, b) && !_graph.AreAdjacent(a, b) && !_ambiguous.Contains(UnshieldedTriple.Of(a, c, b)))
            {
                _unshielded.Add((a, c, b));
            }
        }
    }

    /// <summary>a --> c --- b, a and b not joined: b --> c would be a new collider.</summary>
    bool ApplyR1()
    {
        bool any = false;
        foreach (var (a, c, b) in _unshielded)
        {
            any |= _graph.IsDirected(a, c) && TryDirect(c, b);
        }

        return any;
    }

    /// <summary>a --> c --> b and a --- b: b --> a would close a cycle.</summary>
    bool ApplyR2()
    {
        bool any = false;
        foreach (var (a, c, b) in _triangles)
        {
            any |= _graph.IsDirected(a, c) && _graph.IsDirected(c, b) && TryDirect(a, b);
        }

        return any;
    }

    /// <summary>a --- c --> b and a --- d --> b, c and d not joined, a --- b: b --> a would force a collider at a.</summary>
    bool ApplyR3()
    {
        bool any = false;
        foreach (var (a, c, b) in _triangles)
        {
            if (_graph.IsUndirected(a, b) && Leads(a, c, b))
            {
                foreach (int d in _corners[(a, b)])
                {
                    any |= d > c && Leads(a, d, b) && !_graph.AreAdjacent(c, d)
                        && !_ambiguous.Contains(UnshieldedTriple.Of(c, a, d)) && TryDirect(a, b);
                }
            }
        }

        return any;

        bool Leads(int a, int c, int b) => _graph.IsUndirected(a, c) && _graph.IsDirected(c, b);
    }

    bool ApplyR4()
    {
        bool any = false;
        for (int b = 0; b < _adjacent.Length; b++)
        {
            foreach (int a in _adjacent[b])
            {
                any |= _graph.IsUndirected(a, b) && MeekRules.R4(_graph, _adjacent, _ambiguous, a, b) && TryDirect(a, b);
            }
        }

        return any;
    }

    bool TryDirect(int a, int b)
    {
        if (!_graph.IsUndirected(a, b) || _knowledge.IsForbidden(a, b) || _paths.Lead(b, a))
        {
            return false;
        }

        _graph.Direct(a, b);
        return true;
    }
}
