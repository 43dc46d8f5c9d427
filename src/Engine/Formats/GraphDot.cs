using System.Globalization;
using System.Text;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>Graphviz's DOT language, as far as graphs of variables need it; dagitty's text, which is close to it, is read too.</summary>
/// <remarks>
/// <code>
/// digraph "cpdag" {
///   "age"; "income"; "y";
///   "age" -> "income";
///   "income" -> "y" [dir=none];
/// }
/// </code>
/// Marks are dir, arrowhead and arrowtail, as Graphviz would draw them: none is a tail, dot and odot are circles, other shapes
/// arrows. An edge each way is undirected. A variable is called by its label, or its attribute name (igraph), where all have one of their own, else by
/// its identifier. Positions, colours and the like are not read. The graph's own name tells its type where it is dag, cpdag or pag.
/// An edge that a share is known of is labelled with it: joined and so marked, of the graphs found on resamples.
/// </remarks>
static class GraphDot
{
    // dagitty's edges: @ is a circle.
    static readonly Dictionary<string, (Endpoint AtFrom, Endpoint AtTo)> Dagitty = new()
    {
        ["<-"] = (Endpoint.Arrow, Endpoint.Tail),
        ["<->"] = (Endpoint.Arrow, Endpoint.Arrow),
        ["@->"] = (Endpoint.Circle, Endpoint.Arrow),
        ["<-@"] = (Endpoint.Arrow, Endpoint.Circle),
        ["@-@"] = (Endpoint.Circle, Endpoint.Circle),
        ["@--"] = (Endpoint.Circle, Endpoint.Tail),
        ["--@"] = (Endpoint.Tail, Endpoint.Circle),
    };

    public static string Text(GraphFile file)
    {
        var graph = file.Graph;
        var text = new StringBuilder($"digraph \"{file.Type}\" {{\n");
        foreach (var variable in graph.Variables)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {Quoted(variable.Name)};\n");
        }

        foreach (var edge in graph.Edges)
        {
            string[] attributes =
            [
                .. edge.IsDirected ? (string[])[] : edge.IsUndirected ? ["dir=none"] : ["dir=both", $"arrowtail={Shape(edge.AtFrom)}", $"arrowhead={Shape(edge.AtTo)}"],
                .. file.Confidence is { } confidence ? (string[])[$"label=\"{Share(confidence, edge)}\""] : [],
            ];
            text.Append(CultureInfo.InvariantCulture, $"  {Quoted(graph.Variables[edge.From].Name)} -> {Quoted(graph.Variables[edge.To].Name)}");
            text.Append(attributes.Length > 0 ? $" [{string.Join(", ", attributes)}];\n" : ";\n");
        }

        return text.Append("}\n").ToString();
    }

    static string Share(EdgeConfidence confidence, Edge edge) =>
        confidence.Share(edge.From, edge.To, edge.AtFrom, edge.AtTo).ToString("0.00", CultureInfo.InvariantCulture);

    static string Shape(Endpoint mark) => mark switch { Endpoint.Tail => "none", Endpoint.Arrow => "normal", _ => "odot" };

    // A backslash before the closing quote would escape it.
    static string Quoted(string name) =>
        $"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    public static GraphFile Parse(SourceText source)
    {
        var tokens = new DotTokens(source);
        tokens.TakeWord("strict");
        string kind = tokens.TakeAnyWord("graph", "digraph", "dag", "pdag", "mag", "pag") ?? throw source.Fault(tokens.Line,
            "this is no graph in DOT, which begins with 'digraph' or 'graph'; name another file, or say the format it has.");
        string name = tokens.Current is { Kind: DotTokenKind.Name } ? tokens.Take().Text : kind;
        tokens.TakeSign("{");
        var statements = new Statements(source, tokens);
        statements.Body(new Dictionary<string, string>());
        return statements.ToFile(GraphFile.Types.Contains(name) ? name : kind is "mag" ? "pag" : kind is "pdag" ? "cpdag" : null);
    }

    /// <summary>The statements of a graph, read one after another.</summary>
    sealed class Statements(SourceText source, DotTokens tokens)
    {
        // Each level of nesting is a few frames of the stack.
        const int MostNested = 100;

        readonly Dictionary<string, string?> _labels = [];
        readonly List<(string From, string To, Endpoint AtFrom, Endpoint AtTo, int Line)> _edges = [];
        readonly List<(string Name, int Line)> _nodes = [];
        int _depth;

        /// <summary>Statements up to the closing brace; returns the nodes they name.</summary>
        public List<string> Body(IReadOnlyDictionary<string, string> outerDefaults)
        {
            if (++_depth > MostNested)
            {
                throw source.Fault(tokens.Line, $"subgraphs are nested more than {MostNested} deep; take some of the brackets out.");
            }

            var named = new List<string>();
            var defaults = new Dictionary<string, string>(outerDefaults);
            while (!tokens.IsSign("}"))
            {
                if (tokens.IsSign(";") || tokens.IsSign(","))
                {
                    tokens.Take();
                }
                else if (tokens.TakeAnyWord("graph", "node", "edge") is string of)
                {
                    var attributes = Attributes();
                    foreach (var (key, value) in of == "edge" ? attributes : [])
                    {
                        defaults[key] = value;
                    }
                }
                else
                {
                    Chain(named, defaults);
                }
            }

            tokens.Take();
            _depth--;
            return named;
        }

        // A node, an attribute of the graph, or nodes joined by edges.
        void Chain(List<string> named, Dictionary<string, string> defaults)
        {
            int line = tokens.Line;
            var group = Group(defaults);
            named.AddRange(group);
            if (tokens.IsSign("="))
            {
                tokens.Take();
                tokens.TakeName("a value");
                foreach (string key in group)
                {
                    // It was no node but the name of an attribute.
                    _nodes.RemoveAll(node => node == (key, line));
                    named.Remove(key);
                }

                return;
            }

            var joins = new List<(List<string> From, string Sign, List<string> To, int Line)>();
            while (tokens.Current.Kind == DotTokenKind.Edge)
            {
                var (_, sign, at) = tokens.Take();
                var next = Group(defaults);
                named.AddRange(next);
                joins.Add((group, sign, next, at));
                group = next;
            }

            var attributes = Attributes();
            if (joins.Count == 0)
            {
                foreach (string node in group)
                {
                    _labels[node] = attributes.GetValueOrDefault("label") ?? attributes.GetValueOrDefault("name") ?? _labels.GetValueOrDefault(node);
                }
            }

            foreach (var (from, sign, to, at) in joins)
            {
                var (atFrom, atTo) = Marks(sign, attributes, defaults, at);
                _edges.AddRange(from.SelectMany(a => to.Select(b => (a, b, atFrom, atTo, at))));
            }
        }

        // One node, or those of a subgraph.
        List<string> Group(Dictionary<string, string> defaults)
        {
            if (tokens.TakeAnyWord("subgraph") is not null && tokens.Current.Kind == DotTokenKind.Name)
            {
                tokens.Take();
            }

            if (tokens.IsSign("{"))
            {
                tokens.Take();
                return Body(defaults);
            }

            var (_, name, line) = tokens.TakeName("a variable or an edge");
            if (tokens.IsSign(":"))
            {
                tokens.Take();
                tokens.TakeName("a port");
            }

            _nodes.Add((name, line));
            return [name];
        }

        Dictionary<string, string> Attributes()
        {
            var attributes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (tokens.IsSign("["))
            {
                tokens.Take();
                while (!tokens.IsSign("]"))
                {
                    if (tokens.IsSign(",") || tokens.IsSign(";"))
                    {
                        tokens.Take();
                        continue;
                    }

                    string key = tokens.TakeName("an attribute").Text, value = "";
                    if (tokens.IsSign("="))
                    {
                        tokens.Take();
                        value = tokens.TakeName("a value").Text;
                    }

                    attributes[key] = value;
                }

                tokens.Take();
            }

            return attributes;
        }

        (Endpoint AtFrom, Endpoint AtTo) Marks(
            string sign, Dictionary<string, string> attributes, Dictionary<string, string> defaults, int line)
        {
            if (Dagitty.TryGetValue(sign, out var marks))
            {
                return marks;
            }

            string direction = Of("dir") ?? (sign == "->" ? "forward" : "none");
            return direction switch
            {
                "forward" => (Endpoint.Tail, Mark("arrowhead")),
                "back" => (Mark("arrowtail"), Endpoint.Tail),
                "both" => (Mark("arrowtail"), Mark("arrowhead")),
                "none" => (Endpoint.Tail, Endpoint.Tail),
                _ => throw source.Fault(line, $"the edge's dir is '{direction}', but forward, back, both or none was expected; correct it."),
            };

            string? Of(string key) => attributes.GetValueOrDefault(key) ?? defaults.GetValueOrDefault(key);

            Endpoint Mark(string key)
            {
                string shape = Of(key) ?? "normal";
                return shape == "none" ? Endpoint.Tail : shape.EndsWith("dot", StringComparison.Ordinal) ? Endpoint.Circle : Endpoint.Arrow;
            }
        }

        public GraphFile ToFile(string? type)
        {
            var parts = new GraphParts(source);
            string[] names = [.. _nodes.Select(node => node.Name).Distinct()];
            string?[] labels = [.. names.Select(name => _labels.GetValueOrDefault(name))];
            bool labelled = labels.All(label => label is { Length: > 0 } and not "\\N") && labels.Distinct().Count() == labels.Length;
            var called = names.Zip(labelled ? labels : names).ToDictionary(pair => pair.First, pair => pair.Second!);
            foreach (var (name, line) in _nodes)
            {
                parts.Node(called[name], line);
            }

            foreach (var (from, to, atFrom, atTo, line) in _edges)
            {
                parts.Connect(parts.Node(called[from], line), parts.Node(called[to], line), atFrom, atTo, line);
            }

            return parts.ToFile(type);
        }
    }
}
