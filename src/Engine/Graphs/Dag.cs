using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Graphs;

/// <summary>A directed acyclic graph: each edge runs from a cause to an effect.</summary>
public sealed class Dag : CausalGraph
{
    readonly int[][] _parents;
    readonly int[] _order;

    internal Dag(GraphBuilder builder)
        : base(builder)
    {
        foreach (var edge in Edges)
        {
            if (!edge.IsDirected)
            {
                throw new InputException(
                    $"The edge {Variables[edge.From].Name} {edge.Symbol} {Variables[edge.To].Name} has no direction: " +
                    "give each edge of a DAG as cause --> effect.");
            }
        }

        _parents = [.. Enumerable.Range(0, Count).Select(node => Adjacent(node).Where(other => IsDirected(other, node)).ToArray())];
        _order = FindCausalOrder();
    }

    /// <summary>Reads "A --> C, B --> C"; a name alone is a variable without edges. Variables come in order of mention.</summary>
    /// <remarks>The kinds are not known from a drawing: every variable is <see cref="ColumnKind.Numeric"/>.</remarks>
    /// <exception cref="InputException">A part is neither a name nor an edge, or the edges form a cycle.</exception>
    public static Dag Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var variables = new List<Variable>();
        var edges = new List<(int From, int To)>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] names = part.Split("-->", StringSplitOptions.TrimEntries);
            int[] nodes = [.. names.Select(Node)];
            edges.AddRange(nodes.Zip(nodes.Skip(1)));

            int Node(string name)
            {
                if (name.Length == 0 || name.Contains("--", StringComparison.Ordinal))
                {
                    throw new InputException($"'{part}' is no edge of a DAG: write it as 'A --> B', and a variable without edges as 'A'.");
                }

                int at = variables.FindIndex(v => v.Name == name);
                if (at < 0)
                {
                    at = variables.Count;
                    variables.Add(new(at, name, ColumnKind.Numeric));
                }

                return at;
            }
        }

        return FromEdges(variables, edges);
    }

    /// <summary>The DAG with the given edges.</summary>
    /// <exception cref="InputException">The edges form a cycle.</exception>
    public static Dag FromEdges(IReadOnlyList<Variable> variables, IEnumerable<(int From, int To)> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);
        var builder = new GraphBuilder(variables);
        foreach (var (from, to) in edges)
        {
            if (from == to || builder.IsDirected(to, from))
            {
                throw new InputException(
                    $"The edge {variables[from].Name} --> {variables[to].Name} closes a cycle: take one of the cycle's edges out.");
            }

            builder.Direct(from, to);
        }

        return builder.ToDag();
    }

    /// <summary>The direct causes of <paramref name="node"/>, ascending.</summary>
    public IReadOnlyList<int> Parents(int node) => _parents[node];

    /// <summary>All variables, causes before effects; of those that could come next, the smallest index.</summary>
    public int[] CausalOrder() => [.. _order];

    /// <summary>The CPDAG of this DAG: its edges, directed where all Markov-equivalent DAGs agree.</summary>
    /// <remarks>Chickering (1995): edges in an order by which each one's label follows from labels already given.</remarks>
    public Cpdag ToCpdag()
    {
        var place = new int[Count];
        for (int i = 0; i < Count; i++)
        {
            place[_order[i]] = i;
        }

        var builder = new GraphBuilder(Variables);
        foreach (int y in _order)
        {
            foreach (int x in _parents[y].OrderByDescending(x => place[x]))
            {
                if (!builder.AreAdjacent(x, y))
                {
                    Label(x, y);
                }
            }
        }

        return builder.ToCpdag();

        // Gives x --> y its label, and with it other edges into y.
        void Label(int x, int y)
        {
            foreach (int w in _parents[x].Where(w => builder.IsDirected(w, x)))
            {
                if (!IsDirected(w, y))
                {
                    LabelAll(y, compelled: true, known: true);
                    return;
                }

                builder.Direct(w, y);
            }

            bool collides = _parents[y].Any(z => z != x && !IsDirected(z, x));
            LabelAll(y, collides, known: false);
        }

        void LabelAll(int y, bool compelled, bool known)
        {
            foreach (int z in _parents[y].Where(z => known || !builder.AreAdjacent(z, y)))
            {
                _ = compelled ? builder.Direct(z, y) : builder.Undirect(z, y);
            }
        }
    }

    int[] FindCausalOrder()
    {
        var waiting = new int[Count];
        var ready = new SortedSet<int>();
        for (int node = 0; node < Count; node++)
        {
            waiting[node] = _parents[node].Length;
            if (waiting[node] == 0)
            {
                ready.Add(node);
            }
        }

        var order = new List<int>(Count);
        while (ready.Count > 0)
        {
            int node = ready.Min;
            ready.Remove(node);
            order.Add(node);
            foreach (int child in Adjacent(node).Where(other => IsDirected(node, other)))
            {
                if (--waiting[child] == 0)
                {
                    ready.Add(child);
                }
            }
        }

        return order.Count == Count ? [.. order] : throw new InputException(
            $"The edges form a cycle through {string.Join(", ", Cycle().Select(node => Variables[node].Name))}: " +
            "take one of them out, a DAG has none.");

        // Walking upwards among nodes that all wait for a parent must come back to where it was.
        List<int> Cycle()
        {
            var path = new List<int>();
            int node = Array.FindIndex(waiting, w => w > 0);
            while (!path.Contains(node))
            {
                path.Add(node);
                node = _parents[node].First(parent => waiting[parent] > 0);
            }

            path = path[path.IndexOf(node)..];
            path.Reverse();
            return path;
        }
    }
}
