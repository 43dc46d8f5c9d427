using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Turns circles into arrowheads and tails wherever every graph that fits the data agrees: rules R1 to R10.</summary>
/// <remarks>
/// Zhang (2008), section 3; the names a, b, c, d are its α, β, γ, θ, and * stands for any mark. R1 to R4 give all
/// arrowheads, R5 to R7 the tails that selection of rows leaves, R8 to R10 the others. Colliders that finite data make
/// contradict each other can ask a rule for an arrowhead where there is a tail: the arrowhead wins, as in pcalg, whose
/// order of edges is kept for the same reason. What knowledge fixed is not turned.
/// </remarks>
sealed class FciRules(GraphBuilder graph, PagTriples triples, EdgeKnowledge knowledge)
{
    bool _changed;

    /// <summary>Marks that a rule asked for and that knowledge refused, as the edge's far end and the end in question.</summary>
    public SortedSet<(int From, int To)> Refused { get; } = [];

    /// <summary>Asked before a discriminating path is used: whether a test took one of its edges away (RFCI).</summary>
    public Func<IReadOnlyList<int>, bool> RemovesEdge { get; init; } = _ => false;

    /// <summary>Applies the rules until none applies.</summary>
    /// <param name="selectionBias">Whether R5 to R7 are among them.</param>
    public void Close(bool selectionBias)
    {
        bool again = true;
        while (again)
        {
            again = Repeat(R1, R2, R3, R4);
            again |= selectionBias && Repeat(R5, R6, R7);
            again |= Repeat(R8, R9, R10);

            // Tails that come last give R1 to R4 nothing to do unless knowledge put marks where data would not.
            again &= !knowledge.IsEmpty;
        }
    }

    bool Repeat(params ReadOnlySpan<Action> rules)
    {
        bool any = false;
        do
        {
            _changed = false;
            foreach (var rule in rules)
            {
                rule();
            }

            any |= _changed;
        }
        while (_changed);
        return any;
    }

    /// <summary>a *-> b o-* c, a and c not joined: were b no cause of c, b would be a collider. So b --> c.</summary>
    void R1()
    {
        foreach (var (a, b) in Edges((a, b) => IsInto(a, b)))
        {
            foreach (int c in graph.Adjacent(b).ToArray())
            {
                if (c != a && IsCircle(c, b) && MayPass(a, b, c))
                {
                    Put(b, c, Endpoint.Arrow);
                    Put(c, b, Endpoint.Tail);
                }
            }
        }
    }

    /// <summary>a --> b *-> c or a *-> b --> c, and a *-o c: were c a cause of a, there would be a cycle. So a *-> c.</summary>
    void R2()
    {
        foreach (var (a, c) in Edges((a, c) => IsCircle(a, c)))
        {
            if (graph.Adjacent(a).Any(b => IsInto(a, b) && IsInto(b, c) && (IsTail(b, a) || IsTail(c, b))))
            {
                Put(a, c, Endpoint.Arrow);
            }
        }
    }

    /// <summary>a *-> b &lt;-* c, a *-o d o-* c, a and c not joined, d *-o b: so d *-> b.</summary>
    void R3()
    {
        foreach (var (d, b) in Edges((d, b) => IsCircle(d, b), byFirst: true))
        {
            int[] middle = [.. graph.Adjacent(b).Where(a => IsInto(a, b) && IsCircle(a, d))];
            if (middle.Any(a => middle.Any(c => c > a && MayPass(a, d, c))))
            {
                Put(d, b, Endpoint.Arrow);
            }
        }
    }

    /// <summary>A discriminating path d, …, a, b, c, and b o-* c: b is a collider on it unless it separates d and c.</summary>
    void R4()
    {
        foreach (var (c, b) in Edges((c, b) => IsCircle(c, b), byFirst: true))
        {
            foreach (int a in graph.AreAdjacent(b, c) ? graph.Adjacent(b).Where(a => IsInto(b, a) && graph.IsDirected(a, c)).ToArray() : [])
            {
                while (IsCircle(c, b) && IsInto(b, a) && graph.IsDirected(a, c)
                    && DiscriminatingPath.Find(graph, a, b, c) is { } path)
                {
                    if (!RemovesEdge(path))
                    {
                        Orient(path[0], a, b, c);
                        break;
                    }

                    _changed = true;
                }
            }
        }

        void Orient(int d, int a, int b, int c)
        {
            // Nothing is known of a pair that knowledge kept apart.
            if (triples.Separates(d, b, c) is not { } separates)
            {
                return;
            }

            Put(b, c, Endpoint.Arrow);
            if (separates)
            {
                Put(c, b, Endpoint.Tail);
            }
            else
            {
                Put(c, b, Endpoint.Arrow);
                Put(a, b, Endpoint.Arrow);
            }
        }
    }

    /// <summary>a o-o b, and a path of circles a, c, …, d, b that is uncovered with both ends' edges: all of it is ---.</summary>
    void R5()
    {
        foreach (var (a, b) in Edges((a, b) => IsCirclePair(a, b)))
        {
            foreach (int c in graph.Adjacent(a).ToArray())
            {
                if (c == b || !IsCirclePair(a, b) || !IsCirclePair(a, c) || graph.AreAdjacent(c, b))
                {
                    continue;
                }

                var path = UncoveredPath.Find(graph, a, c, b, IsCirclePair, MayPass, d => !graph.AreAdjacent(d, a));
                for (int i = 0; i < path?.Count; i++)
                {
                    int next = path[(i + 1) % path.Count];
                    Put(path[i], next, Endpoint.Tail);
                    Put(next, path[i], Endpoint.Tail);
                }
            }
        }
    }

    /// <summary>a --- b o-* c: so b --* c.</summary>
    void R6()
    {
        foreach (var (c, b) in Edges((c, b) => IsCircle(c, b)))
        {
            if (graph.Adjacent(b).Any(a => graph.IsUndirected(a, b)))
            {
                Put(c, b, Endpoint.Tail);
            }
        }
    }

    /// <summary>a --o b o-* c, a and c not joined: so b --* c.</summary>
    void R7()
    {
        foreach (var (c, b) in Edges((c, b) => IsCircle(c, b)))
        {
            if (graph.Adjacent(b).Any(a => a != c && IsCircle(a, b) && IsTail(b, a) && MayPass(a, b, c)))
            {
                Put(c, b, Endpoint.Tail);
            }
        }
    }

    /// <summary>a --> b --> c or a --o b --> c, and a o-> c: so a --> c.</summary>
    void R8()
    {
        foreach (var (a, c) in Edges(IsCircleArrow))
        {
            if (graph.Adjacent(a).Any(b => IsTail(b, a) && !IsTail(a, b) && graph.IsDirected(b, c)))
            {
                Put(c, a, Endpoint.Tail);
            }
        }
    }

    /// <summary>a o-> c, and an uncovered path a, b, …, c that may be directed, b and c not joined: so a --> c.</summary>
    void R9()
    {
        foreach (var (a, c) in Edges(IsCircleArrow))
        {
            if (graph.Adjacent(a).Any(b => b != c && MayCause(a, b) && !graph.AreAdjacent(b, c) && FindDirected(a, b, c) is not null))
            {
                Put(c, a, Endpoint.Tail);
            }
        }
    }

    /// <summary>
    /// a o-> c, b --> c &lt;-- d, and uncovered paths from a to b and to d that may be directed, whose second variables differ
    /// and are not joined: so a --> c.
    /// </summary>
    void R10()
    {
        foreach (var (a, c) in Edges(IsCircleArrow))
        {
            int[] causes = [.. graph.Adjacent(c).Where(b => graph.IsDirected(b, c))];
            if (causes.Length < 2)
            {
                continue;
            }

            // The causes of c that a path over each second variable leads to.
            var led = (
                from second in graph.Adjacent(a)
                where second != c && MayCause(a, second)
                let causesReached = causes.Where(b => FindDirected(a, second, b, avoid: c) is not null).ToArray()
                where causesReached.Length > 0
                select (Second: second, Causes: causesReached)).ToArray();
            if (led.Any(one => led.Any(other => other.Second > one.Second && MayPass(one.Second, a, other.Second)
                && (one.Causes.Length > 1 || other.Causes.Length > 1 || one.Causes[0] != other.Causes[0]))))
            {
                Put(c, a, Endpoint.Tail);
            }
        }
    }

    IReadOnlyList<int>? FindDirected(int from, int next, int to, int? avoid = null) => UncoveredPath.Find(
        graph, from, next, to, (a, b) => b != avoid && MayCause(a, b), MayPass, _ => true);

    // Edges with marks of interest as they are before a rule begins, by the second variable and then the first.
    (int From, int To)[] Edges(Func<int, int, bool> isMarked, bool byFirst = false)
    {
        var edges = new List<(int From, int To)>();
        for (int one = 0; one < graph.Count; one++)
        {
            foreach (int other in graph.Adjacent(one))
            {
                var edge = byFirst ? (one, other) : (other, one);
                if (isMarked(edge.Item1, edge.Item2))
                {
                    edges.Add(edge);
                }
            }
        }

        return [.. edges];
    }

    bool IsInto(int from, int to) => graph.Mark(from, to) == Endpoint.Arrow;

    bool IsTail(int from, int to) => graph.Mark(from, to) == Endpoint.Tail;

    bool IsCircle(int from, int to) => graph.Mark(from, to) == Endpoint.Circle;

    bool IsCirclePair(int a, int b) => IsCircle(a, b) && IsCircle(b, a);

    bool IsCircleArrow(int a, int c) => IsInto(a, c) && IsCircle(c, a);

    // The edge may stand for a --> b in some graph that fits.
    bool MayCause(int a, int b) => !IsTail(a, b) && !IsInto(b, a);

    // a, b, c is an unshielded triple of which it is known whether b is a collider.
    bool MayPass(int a, int b, int c) => !graph.AreAdjacent(a, c) && !triples.IsAmbiguous(a, b, c);

    // Puts the mark at `to`.
    void Put(int from, int to, Endpoint mark)
    {
        if (graph.Mark(from, to) == mark)
        {
            return;
        }

        if (knowledge.Fixes(from, to))
        {
            Refused.Add((from, to));
            return;
        }

        graph.Connect(from, to, graph.Mark(to, from)!.Value, mark);
        _changed = true;
    }
}
