using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Tests.Graphs;

/// <summary>The PAG of an ancestral graph without a search: colliders read off its marks, Zhang's rules as he states them, every path tried.</summary>
sealed class AncestralGraphOrientation(AncestralGraph truth)
{
    readonly Endpoint?[,] _marks = new Endpoint?[truth.Count, truth.Count];
    bool _changed;

    public Pag ToPag()
    {
        for (int a = 0; a < truth.Count; a++)
        {
            for (int b = 0; b < truth.Count; b++)
            {
                _marks[a, b] = truth.AreAdjacent(a, b) ? Endpoint.Circle : null;
            }
        }

        ForAll(3, t => Joined(t[0], t[1]) && Joined(t[1], t[2]) && !Joined(t[0], t[2]) && Collides(t[0], t[1], t[2]), t =>
        {
            Put(t[0], t[1], Endpoint.Arrow);
            Put(t[2], t[1], Endpoint.Arrow);
        });
        Repeat(R1, R2, R3, R4);
        Repeat(R5, R6, R7);
        Repeat(R8, R9, R10);
        var builder = truth.ToBuilder();
        for (int a = 0; a < truth.Count; a++)
        {
            for (int b = 0; b < a; b++)
            {
                if (Joined(a, b))
                {
                    builder.Connect(a, b, _marks[b, a]!.Value, _marks[a, b]!.Value);
                }
            }
        }

        return builder.ToPag();
    }

    void R1() => ForAll(
        3, t => Is(t[0], t[1], "*>") && Is(t[1], t[2], "o*") && !Joined(t[0], t[2]),
        t => Set(t[1], t[2], Endpoint.Tail, Endpoint.Arrow));

    void R2() => ForAll(
        3, t => Is(t[0], t[2], "*o") && ((Is(t[0], t[1], "->") && Is(t[1], t[2], "*>")) || (Is(t[0], t[1], "*>") && Is(t[1], t[2], "->"))),
        t => Put(t[0], t[2], Endpoint.Arrow));

    void R3() => ForAll(
        4, t => Is(t[0], t[1], "*>") && Is(t[2], t[1], "*>") && Is(t[0], t[3], "*o") && Is(t[2], t[3], "*o") && !Joined(t[0], t[2]) && Is(t[3], t[1], "*o"),
        t => Put(t[3], t[1], Endpoint.Arrow));

    void R4() => ForAll(2, t => Is(t[0], t[1], "o*"), t =>
    {
        var (b, c) = (t[0], t[1]);
        // Every variable between the far end and b is a collider and a parent of c.
        var path = Paths(c, path => path.Count switch
        {
            2 => path[1] == b,
            3 => true,
            _ => Is(path[^3], path[^2], "*>") && Is(path[^1], path[^2], "*>") && Is(path[^2], c, "->"),
        }).FirstOrDefault(path => path.Count > 3 && !Joined(path[^1], c));
        if (path is null)
        {
            return;
        }

        if (Collides(path[2], b, c))
        {
            Set(path[2], b, Mark(b, path[2]), Endpoint.Arrow);
            Set(b, c, Endpoint.Arrow, Endpoint.Arrow);
        }
        else
        {
            Set(b, c, Endpoint.Tail, Endpoint.Arrow);
        }
    });

    void R5() => ForAll(2, t => Is(t[0], t[1], "oo"), t =>
    {
        var path = Uncovered(t[0], (a, b) => Is(a, b, "oo"))
            .FirstOrDefault(path => path.Count > 3 && path[^1] == t[1] && !Joined(path[1], t[1]) && !Joined(path[^2], t[0]));
        if (path is not null)
        {
            foreach (var (a, b) in path.Zip([.. path.Skip(1), path[0]]))
            {
                Set(a, b, Endpoint.Tail, Endpoint.Tail);
            }
        }
    });

    void R6() => ForAll(3, t => Is(t[0], t[1], "--") && Is(t[1], t[2], "o*"), t => Put(t[2], t[1], Endpoint.Tail));

    void R7() => ForAll(
        3, t => Is(t[0], t[1], "-o") && Is(t[1], t[2], "o*") && !Joined(t[0], t[2]), t => Put(t[2], t[1], Endpoint.Tail));

    void R8() => ForAll(
        3, t => Is(t[0], t[2], "o>") && (Is(t[0], t[1], "->") || Is(t[0], t[1], "-o")) && Is(t[1], t[2], "->"),
        t => Put(t[2], t[0], Endpoint.Tail));

    void R9() => ForAll(2, t => Is(t[0], t[1], "o>"), t =>
    {
        if (Uncovered(t[0], MayCause).Any(path => path.Count > 2 && path[^1] == t[1] && !Joined(path[1], t[1])))
        {
            Put(t[1], t[0], Endpoint.Tail);
        }
    });

    void R10() => ForAll(2, t => Is(t[0], t[1], "o>"), t =>
    {
        var ends = Uncovered(t[0], MayCause).Where(path => path.Count > 1 && Is(path[^1], t[1], "->") && path[1] != t[1])
            .Select(path => (Second: path[1], Last: path[^1])).Distinct().ToArray();
        if (ends.Any(one => ends.Any(other => one.Last != other.Last && one.Second != other.Second && !Joined(one.Second, other.Second))))
        {
            Put(t[1], t[0], Endpoint.Tail);
        }
    });

    bool Collides(int x, int y, int z) => truth.Mark(x, y) == Endpoint.Arrow && truth.Mark(z, y) == Endpoint.Arrow;

    bool MayCause(int a, int b) => Joined(a, b) && Mark(a, b) != Endpoint.Tail && Mark(b, a) != Endpoint.Arrow;

    IEnumerable<List<int>> Uncovered(int from, Func<int, int, bool> mayStep) =>
        Paths(from, path => mayStep(path[^2], path[^1]) && (path.Count < 3 || !Joined(path[^3], path[^1])));

    // Every path from a variable on, as long as it passes at each step.
    IEnumerable<List<int>> Paths(int from, Func<List<int>, bool> passes)
    {
        var open = new Stack<List<int>>([[from]]);
        while (open.TryPop(out var path))
        {
            yield return path;
            for (int next = 0; next < truth.Count; next++)
            {
                if (Joined(path[^1], next) && !path.Contains(next))
                {
                    List<int> longer = [.. path, next];
                    if (passes(longer))
                    {
                        open.Push(longer);
                    }
                }
            }
        }
    }

    void Repeat(params Action[] rules)
    {
        do
        {
            _changed = false;
            foreach (var rule in rules)
            {
                rule();
            }
        }
        while (_changed);
    }

    void ForAll(int size, Func<int[], bool> holds, Action<int[]> act)
    {
        var t = new int[size];
        Fill(0);

        void Fill(int at)
        {
            if (at == size)
            {
                if (holds(t))
                {
                    act(t);
                }

                return;
            }

            for (int node = 0; node < truth.Count; node++)
            {
                if (Array.IndexOf(t, node, 0, at) < 0)
                {
                    t[at] = node;
                    Fill(at + 1);
                }
            }
        }
    }

    bool Joined(int a, int b) => _marks[a, b] is not null;

    Endpoint Mark(int from, int to) => _marks[from, to]!.Value;

    // A drawing of two marks: - tail, > or < arrowhead, o circle, * any.
    bool Is(int a, int b, string drawn) => Joined(a, b) && Fits(Mark(b, a), drawn[0]) && Fits(Mark(a, b), drawn[1]);

    static bool Fits(Endpoint mark, char drawn) => drawn switch
    {
        '*' => true,
        '-' => mark == Endpoint.Tail,
        'o' => mark == Endpoint.Circle,
        _ => mark == Endpoint.Arrow,
    };

    void Set(int a, int b, Endpoint atA, Endpoint atB)
    {
        Put(b, a, atA);
        Put(a, b, atB);
    }

    void Put(int from, int to, Endpoint mark)
    {
        _changed |= _marks[from, to] != mark;
        _marks[from, to] = mark;
    }
}
