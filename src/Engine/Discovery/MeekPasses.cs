using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Meek's rules one whole pass after the other, as pcalg's udag2pdagRelaxed has them.</summary>
/// <remarks>
/// A pass looks at the edges that it found when it began, by target and then source. Under
/// <see cref="PropagationRule.Overwrite"/> each step sees the steps before it, and R2 and R3 may turn an edge round that
/// the same pass directed. Under <see cref="PropagationRule.Bidirected"/> no step does: all wishes are collected, and one
/// that meets its opposite makes the edge bidirected.
/// </remarks>
sealed class MeekPasses(
    GraphBuilder graph, int[][] adjacent, PropagationRule rule, HashSet<UnshieldedTriple> ambiguous, EdgeKnowledge knowledge)
{
    readonly List<(int A, int B)> _edges = [], _wishes = [];
    bool _changed;

    public void Close()
    {
        do
        {
            _changed = false;
            ApplyR1();
            Apply(R2);
            Apply(R3);
            if (!knowledge.IsEmpty)
            {
                Apply((a, b) => MeekRules.R4(graph, adjacent, ambiguous, a, b));
            }
        }
        while (_changed);
    }

    // c --> a --- b, c and b not joined: b --> a would be a new collider.
    void ApplyR1()
    {
        Find(graph.IsDirected);
        foreach (var (c, a) in _edges)
        {
            foreach (int b in adjacent[a])
            {
                if (b != c && graph.IsUndirected(a, b) && !graph.AreAdjacent(c, b) && !ambiguous.Contains(UnshieldedTriple.Of(c, a, b)))
                {
                    Wish(a, b);
                }
            }
        }

        Grant();
    }

    void Apply(Func<int, int, bool> applies)
    {
        Find(graph.IsUndirected);
        foreach (var (a, b) in _edges)
        {
            if (applies(a, b))
            {
                Wish(a, b);
            }
        }

        Grant();
    }

    // a --> c --> b: b --> a would close a cycle.
    bool R2(int a, int b)
    {
        foreach (int c in adjacent[a])
        {
            if (graph.IsDirected(a, c) && graph.IsDirected(c, b))
            {
                return true;
            }
        }

        return false;
    }

    // a --- c --> b and a --- d --> b, c and d not joined: b --> a would force a collider at a.
    bool R3(int a, int b)
    {
        foreach (int c in adjacent[a])
        {
            if (!graph.IsUndirected(a, c) || !graph.IsDirected(c, b))
            {
                continue;
            }

            foreach (int d in adjacent[a])
            {
                if (d > c && graph.IsUndirected(a, d) && graph.IsDirected(d, b) && !graph.AreAdjacent(c, d)
                    && !ambiguous.Contains(UnshieldedTriple.Of(c, a, d)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // All (a, b) that are joined so, by b and then a.
    void Find(Func<int, int, bool> joined)
    {
        _edges.Clear();
        for (int b = 0; b < adjacent.Length; b++)
        {
            foreach (int a in adjacent[b])
            {
                if (joined(a, b))
                {
                    _edges.Add((a, b));
                }
            }
        }
    }

    void Wish(int a, int b)
    {
        if (knowledge.IsForbidden(a, b))
        {
            return;
        }

        if (rule == PropagationRule.Bidirected)
        {
            _wishes.Add((a, b));
        }
        else
        {
            Direct(a, b);
        }
    }

    void Grant()
    {
        foreach (var (a, b) in _wishes)
        {
            if (graph.IsUndirected(a, b))
            {
                Direct(a, b);
            }
            else if (graph.IsDirected(b, a))
            {
                graph.Connect(a, b, Endpoint.Arrow, Endpoint.Arrow);
            }
        }

        _wishes.Clear();
    }

    void Direct(int a, int b)
    {
        graph.Direct(a, b);
        _changed = true;
    }
}
