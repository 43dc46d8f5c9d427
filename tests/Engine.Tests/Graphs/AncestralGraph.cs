using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Graphs;

/// <summary>A mixed graph by its marks, with the definitions of Richardson and Spirtes (2002): what FCI's results are held against.</summary>
sealed class AncestralGraph : IIndependenceTest
{
    readonly Endpoint?[,] _marks;
    readonly uint[] _ancestors;

    /// <summary>marks[i, j] is the mark at j.</summary>
    public AncestralGraph(Endpoint?[,] marks)
    {
        _marks = marks;
        Count = marks.GetLength(0);
        _ancestors = new uint[Count];
        for (int node = 0; node < Count; node++)
        {
            _ancestors[node] = 1u << node;
        }

        for (bool changed = true; changed;)
        {
            changed = false;
            for (int from = 0; from < Count; from++)
            {
                for (int to = 0; to < Count; to++)
                {
                    uint more = IsDirected(from, to) ? _ancestors[from] & ~_ancestors[to] : 0;
                    _ancestors[to] |= more;
                    changed |= more != 0;
                }
            }
        }
    }

    public int Count { get; }

    public string Name => "m-separation";

    public Endpoint? Mark(int from, int to) => _marks[from, to];

    public bool AreAdjacent(int a, int b) => _marks[a, b] is not null;

    public bool IsDirected(int from, int to) => _marks[from, to] == Endpoint.Arrow && _marks[to, from] == Endpoint.Tail;

    /// <summary>The maximal ancestral graph of a DAG's other variables: joined where an inducing path is, tails at ancestors.</summary>
    public static AncestralGraph Of(Dag dag, int[] observed, int[] hidden, int[] selection)
    {
        var marks = new Endpoint?[observed.Length, observed.Length];
        for (int i = 0; i < observed.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                var (x, y) = (observed[i], observed[j]);
                if (HasInducingPath(x, y))
                {
                    marks[j, i] = Ancestors([y, .. selection]).Contains(x) ? Endpoint.Tail : Endpoint.Arrow;
                    marks[i, j] = Ancestors([x, .. selection]).Contains(y) ? Endpoint.Tail : Endpoint.Arrow;
                }
            }
        }

        return new(marks);

        // Inner nodes are hidden, or colliders that are ancestors of an end or of a selection variable.
        bool HasInducingPath(int x, int y)
        {
            var opening = Ancestors([x, y, .. selection]);
            var seen = new HashSet<(int, bool)>();
            var open = new Stack<(int Node, bool Into)>(dag.Adjacent(x).Select(node => (node, dag.IsDirected(x, node))));
            while (open.TryPop(out var at))
            {
                if (at.Node == y)
                {
                    return true;
                }

                if (at.Node == x || !seen.Add(at))
                {
                    continue;
                }

                foreach (int next in dag.Adjacent(at.Node))
                {
                    bool collides = at.Into && dag.IsDirected(next, at.Node);
                    if (collides ? opening.Contains(at.Node) : hidden.Contains(at.Node))
                    {
                        open.Push((next, dag.IsDirected(at.Node, next)));
                    }
                }
            }

            return false;
        }

        HashSet<int> Ancestors(int[] nodes)
        {
            var ancestors = new HashSet<int>();
            var open = new Stack<int>(nodes);
            while (open.TryPop(out int node))
            {
                if (ancestors.Add(node))
                {
                    foreach (int parent in dag.Parents(node))
                    {
                        open.Push(parent);
                    }
                }
            }

            return ancestors;
        }
    }

    /// <summary>No directed cycle, no arrowhead at an ancestor, none at an end of ---.</summary>
    public bool IsAncestral()
    {
        for (int a = 0; a < Count; a++)
        {
            for (int b = 0; b < Count; b++)
            {
                bool intoB = _marks[a, b] == Endpoint.Arrow;
                if (intoB && ((_ancestors[a] >> b & 1) != 0 || Enumerable.Range(0, Count).Any(c => IsUndirected(b, c))))
                {
                    return false;
                }
            }
        }

        return true;

        bool IsUndirected(int b, int c) => _marks[b, c] == Endpoint.Tail && _marks[c, b] == Endpoint.Tail;
    }

    /// <summary>Whether every pair that is not joined is separated by some set.</summary>
    public bool IsMaximal()
    {
        for (int x = 0; x < Count; x++)
        {
            for (int y = 0; y < x; y++)
            {
                if (!AreAdjacent(x, y) && !Subsets(x, y).Any(given => Separates(x, y, given)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Every answer about separation, as a string.</summary>
    public string Model()
    {
        var answers = new System.Text.StringBuilder();
        for (int x = 0; x < Count; x++)
        {
            for (int y = 0; y < x; y++)
            {
                foreach (uint given in Subsets(x, y))
                {
                    answers.Append(Separates(x, y, given) ? '1' : '0');
                }
            }
        }

        return answers.ToString();
    }

    /// <summary>Whether no path m-connects the two: every collider an ancestor of what is given, every other inner node not given.</summary>
    public bool Separates(int x, int y, uint given)
    {
        uint opening = 0;
        for (int node = 0; node < Count; node++)
        {
            opening |= (given >> node & 1) != 0 ? _ancestors[node] : 0;
        }

        // Bit (node, into): reached by a path with or without an arrowhead at the node.
        var (seenInto, seenOut) = (0u, 0u);
        var open = new Stack<(int Node, bool Into)>();
        Step(x, null);
        while (open.TryPop(out var at))
        {
            if (at.Node == y)
            {
                return false;
            }

            Step(at.Node, at.Into);
        }

        return true;

        void Step(int node, bool? into)
        {
            for (int next = 0; next < Count; next++)
            {
                if (next == x || _marks[node, next] is not { } mark)
                {
                    continue;
                }

                bool collides = into == true && _marks[next, node] == Endpoint.Arrow;
                bool passes = into is null || ((collides ? opening >> node : ~given >> node) & 1) != 0;
                ref uint seen = ref (mark == Endpoint.Arrow ? ref seenInto : ref seenOut);
                if (passes && (seen >> next & 1) == 0)
                {
                    seen |= 1u << next;
                    open.Push((next, mark == Endpoint.Arrow));
                }
            }
        }
    }

    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            uint given = 0;
            foreach (int node in variables[2..])
            {
                given |= 1u << node;
            }

            pValues[query] = Separates(variables[0], variables[1], given) ? 1 : 0;
        }
    }

    public Variable[] Variables() => [.. Enumerable.Range(0, Count).Select(i => new Variable(i, $"X{i}", ColumnKind.Numeric))];

    /// <summary>The graph as a PAG without circles.</summary>
    public GraphBuilder ToBuilder()
    {
        var builder = new GraphBuilder(Variables());
        for (int a = 0; a < Count; a++)
        {
            for (int b = 0; b < a; b++)
            {
                if (AreAdjacent(a, b))
                {
                    builder.Connect(a, b, _marks[b, a]!.Value, _marks[a, b]!.Value);
                }
            }
        }

        return builder;
    }

    /// <summary>The marks that all graphs of one class share, circles where they differ.</summary>
    public static Pag Common(IReadOnlyList<AncestralGraph> equivalent)
    {
        var builder = equivalent[0].ToBuilder();
        for (int a = 0; a < builder.Count; a++)
        {
            foreach (int b in builder.Adjacent(a).Where(b => b < a).ToArray())
            {
                builder.Connect(a, b, Shared(b, a), Shared(a, b));
            }
        }

        return builder.ToPag();

        Endpoint Shared(int from, int to) =>
            equivalent.All(graph => graph.Mark(from, to) == equivalent[0].Mark(from, to)) ? equivalent[0].Mark(from, to)!.Value : Endpoint.Circle;
    }

    IEnumerable<uint> Subsets(int x, int y)
    {
        uint others = ~(1u << x | 1u << y) & ((1u << Count) - 1), given = 0;
        do
        {
            yield return given;
            given = (given - others) & others;
        }
        while (given != 0);
    }
}
