using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A graph while its file is read: variables in order of mention, edges by name.</summary>
/// <remarks>Kinds of columns are not known from these files: every variable is numeric.</remarks>
sealed class GraphParts(SourceText source)
{
    readonly List<Variable> _variables = [];
    readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    readonly Dictionary<(int, int), (Endpoint AtFirst, Endpoint AtSecond)> _edges = [];

    /// <summary>The variables so far.</summary>
    public IReadOnlyList<Variable> Variables => _variables;

    /// <summary>Whether the variable was mentioned.</summary>
    public bool Contains(string name) => _index.ContainsKey(name);

    /// <summary>The index of a variable, which is new where it was not mentioned.</summary>
    public int Node(string name, int? line)
    {
        if (name.Length == 0)
        {
            throw source.Fault(line, "a variable has an empty name; name each one.");
        }

        if (!_index.TryGetValue(name, out int at))
        {
            _index.Add(name, at = _variables.Count);
            _variables.Add(new(at, name, ColumnKind.Numeric));
        }

        return at;
    }

    /// <summary>Adds a variable that must not have been mentioned.</summary>
    public void NewNode(string name, int? line)
    {
        if (_index.ContainsKey(name))
        {
            throw source.Fault(line, $"the variable '{name}' stands twice; name each once.");
        }

        Node(name, line);
    }

    /// <summary>Joins two variables. An edge each way between the same two is what many programs write for an undirected edge.</summary>
    public void Connect(int from, int to, Endpoint atFrom, Endpoint atTo, int? line)
    {
        if (from == to)
        {
            throw source.Fault(line, $"the edge from '{_variables[from].Name}' to itself is a loop; take it out, a causal graph has none.");
        }

        var (pair, marks) = from < to ? ((from, to), (atFrom, atTo)) : ((to, from), (atTo, atFrom));
        if (!_edges.TryAdd(pair, marks))
        {
            bool opposite = _edges[pair] is (Endpoint.Tail, Endpoint.Arrow) or (Endpoint.Arrow, Endpoint.Tail)
                && marks == (_edges[pair].AtSecond, _edges[pair].AtFirst);
            _edges[pair] = opposite ? (Endpoint.Tail, Endpoint.Tail) : throw source.Fault(line,
                $"'{_variables[from].Name}' and '{_variables[to].Name}' are joined a second time; join each pair of variables once.");
        }
    }

    /// <summary>The finished graph, of a type that the file tells (dag, cpdag, pag) or of the first that fits.</summary>
    public GraphFile ToFile(string? type = null)
    {
        var builder = new GraphBuilder(_variables);
        foreach (var ((a, b), (atA, atB)) in _edges)
        {
            builder.Connect(a, b, atA, atB);
        }

        try
        {
            return new(GraphFile.Build(builder, type), null, null, new());
        }
        catch (InputException fault)
        {
            throw source.Fault(null, fault.Message);
        }
    }
}
