namespace CausalMixFT.Engine.Graphs;

/// <summary>How often each pair was joined, and by which marks, over graphs of the same variables found on resamples of the rows.</summary>
public sealed class EdgeConfidence
{
    static readonly int Marks = Enum.GetValues<Endpoint>().Length;

    // Graphs that hold an edge with these marks: (pair, mark at the smaller index, mark at the larger).
    readonly int[] _counts;

    EdgeConfidence(IReadOnlyList<Variable> variables, int graphs, int[] counts) =>
        (Variables, Graphs, _counts) = (variables, graphs, counts);

    /// <summary>The variables, in column order.</summary>
    public IReadOnlyList<Variable> Variables { get; }

    /// <summary>How many graphs were counted.</summary>
    public int Graphs { get; }

    /// <summary>Counts the edges of <paramref name="graphs"/>.</summary>
    /// <exception cref="ArgumentException">There is no graph, or they differ in their variables.</exception>
    public static EdgeConfidence Of(IReadOnlyList<CausalGraph> graphs)
    {
        ArgumentNullException.ThrowIfNull(graphs);
        if (graphs.Count == 0 || graphs.Any(graph => !graph.Variables.SequenceEqual(graphs[0].Variables)))
        {
            throw new ArgumentException("Confidence is counted over one graph or more, all of the same variables.", nameof(graphs));
        }

        var confidence = new EdgeConfidence(graphs[0].Variables, graphs.Count, new int[graphs[0].Count * graphs[0].Count * Marks * Marks]);
        foreach (var edge in graphs.SelectMany(graph => graph.Edges))
        {
            confidence._counts[confidence.At(edge.From, edge.To, edge.AtFrom, edge.AtTo)]++;
        }

        return confidence;
    }

    /// <summary>Makes it of counts that are known: each edge with its marks, and how many of the graphs hold it.</summary>
    internal static EdgeConfidence FromCounts(IReadOnlyList<Variable> variables, int graphs, IEnumerable<(Edge Edge, int Count)> counts)
    {
        var confidence = new EdgeConfidence(variables, graphs, new int[variables.Count * variables.Count * Marks * Marks]);
        foreach (var (edge, count) in counts)
        {
            confidence._counts[confidence.At(edge.From, edge.To, edge.AtFrom, edge.AtTo)] = count;
        }

        return confidence;
    }

    /// <summary>Every edge with its marks that a graph holds, by the smaller index and then the larger, and how many of the graphs hold it.</summary>
    internal IEnumerable<(Edge Edge, int Count)> Counts() =>
        from a in Enumerable.Range(0, Variables.Count)
        from b in Enumerable.Range(a + 1, Variables.Count - a - 1)
        from atA in Enum.GetValues<Endpoint>()
        from atB in Enum.GetValues<Endpoint>()
        let count = _counts[At(a, b, atA, atB)]
        where count > 0
        select (new Edge(a, b, atA, atB), count);

    /// <summary>The share of graphs that join the two, 0 to 1.</summary>
    public double Joined(int a, int b) => (double)CountJoined(a, b) / Graphs;

    /// <summary>The share of graphs that join the two with these marks, 0 to 1.</summary>
    public double Share(int a, int b, Endpoint atA, Endpoint atB) => (double)Count(a, b, atA, atB) / Graphs;

    /// <summary>The probability that <paramref name="from"/> is a cause of <paramref name="to"/>, given that they are joined; 0.5 where they never are.</summary>
    /// <remarks>A mark that leaves the direction open, and two arrowheads, count half each way.</remarks>
    public double Direction(int from, int to)
    {
        double joined = Joined(from, to);
        if (joined == 0)
        {
            return 0.5;
        }

        double towards = Share(from, to, Endpoint.Tail, Endpoint.Arrow) + Share(from, to, Endpoint.Circle, Endpoint.Arrow);
        double back = Share(to, from, Endpoint.Tail, Endpoint.Arrow) + Share(to, from, Endpoint.Circle, Endpoint.Arrow);
        return (towards + (joined - towards - back) / 2) / joined;
    }

    /// <summary>How many graphs join the two with these marks.</summary>
    internal int Count(int a, int b, Endpoint atA, Endpoint atB) => _counts[At(a, b, atA, atB)];

    /// <summary>How many graphs join the two.</summary>
    internal int CountJoined(int a, int b)
    {
        int joined = 0;
        foreach (int count in _counts.AsSpan(At(Math.Min(a, b), Math.Max(a, b), 0, 0), Marks * Marks))
        {
            joined += count;
        }

        return joined;
    }

    int At(int a, int b, Endpoint atA, Endpoint atB) =>
        a < b ? ((a * Variables.Count + b) * Marks + (int)atA) * Marks + (int)atB : At(b, a, atB, atA);
}
