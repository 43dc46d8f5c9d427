using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>GraphML.</summary>
/// <remarks>
/// Ours is a directed graph whose edges hold data named <c>atSource</c> and <c>atTarget</c> (tail, arrow, circle), <c>share</c>
/// where the confidence of the edge is known, and whose graph holds <c>type</c> (dag, cpdag, pag). Of others, a directed edge
/// is a cause and its effect, an undirected one, or one each way, is undirected. A node is called by its data <c>name</c> or
/// <c>label</c> where all have one of their own (igraph), else by its id (networkx). A document type is refused: no file of
/// ours or theirs has one, and it can name other files.
/// </remarks>
static class GraphMl
{
    static readonly XNamespace Namespace = "http://graphml.graphdrawing.org/xmlns";
    static readonly string[] Marks = ["tail", "arrow", "circle"];

    // What may be wrong with a document's size is wrong long before this.
    const long MostCharacters = 1L << 28;

    public static void Write(GraphFile file, Stream stream)
    {
        var graph = file.Graph;
        (string Id, string For, string Name, string Type)[] keys =
        [
            ("type", "graph", "type", "string"), ("atSource", "edge", "atSource", "string"), ("atTarget", "edge", "atTarget", "string"),
            .. file.Confidence is null ? ((string, string, string, string)[])[] : [("share", "edge", "share", "double")],
        ];
        var root = new XElement(
            Namespace + "graphml",
            keys.Select(key => new XElement(
                Namespace + "key", new XAttribute("id", key.Id), new XAttribute("for", key.For), new XAttribute("attr.name", key.Name),
                new XAttribute("attr.type", key.Type))),
            new XElement(
                Namespace + "graph",
                new XAttribute("edgedefault", "directed"),
                Data("type", file.Type),
                graph.Variables.Select(variable => new XElement(Namespace + "node", new XAttribute("id", variable.Name))),
                graph.Edges.Select(edge => new XElement(
                    Namespace + "edge",
                    new XAttribute("source", graph.Variables[edge.From].Name),
                    new XAttribute("target", graph.Variables[edge.To].Name),
                    Data("atSource", Marks[(int)edge.AtFrom]),
                    Data("atTarget", Marks[(int)edge.AtTo]),
                    file.Confidence is { } confidence
                        ? Data("share", confidence.Share(edge.From, edge.To, edge.AtFrom, edge.AtTo).ToString(CultureInfo.InvariantCulture)) : null))));
        try
        {
            using var writer = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true, NewLineChars = "\n", Encoding = new System.Text.UTF8Encoding(false) });
            new XDocument(root).Save(writer);
        }
        catch (ArgumentException)
        {
            throw new InputException("A variable's name holds a character that no XML can hold, as control characters are; rename it or choose another format.");
        }

        static XElement Data(string key, string value) => new(Namespace + "data", new XAttribute("key", key), value);
    }

    public static GraphFile Parse(SourceText source)
    {
        var root = Load(source);
        if (root.Name.LocalName != "graphml" || Child(root, "graph") is not { } graph)
        {
            throw source.Fault(Line(root), $"this is no GraphML, its first element is <{root.Name.LocalName}> and not <graphml> with a <graph>; name another file, or say the format it has.");
        }

        var keys = Children(root, "key").Select(key => (Id: Text(key, "id"), Of: Text(key, "for"), Name: Text(key, "attr.name"))).ToArray();
        bool directed = Text(graph, "edgedefault") != "undirected";
        XElement[] nodes = [.. Children(graph, "node")];
        var parts = new GraphParts(source);
        var names = Names(nodes);
        foreach (var node in nodes)
        {
            parts.NewNode(names[Required(node, "id")], Line(node));
        }

        foreach (var edge in Children(graph, "edge"))
        {
            int from = Node(edge, "source"), to = Node(edge, "target");
            bool isDirected = Text(edge, "directed") is "true" or "1" || (directed && Text(edge, "directed") is not ("false" or "0"));
            parts.Connect(
                from, to, Mark(edge, "atSource") ?? Endpoint.Tail, Mark(edge, "atTarget") ?? (isDirected ? Endpoint.Arrow : Endpoint.Tail), Line(edge));
        }

        string? type = Data(graph, "graph", "type");
        return parts.ToFile(GraphFile.Types.Contains(type) ? type : null);

        Dictionary<string, string> Names(XElement[] nodes)
        {
            string[] ids = [.. nodes.Select(node => Required(node, "id"))];
            foreach (string key in (string[])["name", "label"])
            {
                string?[] called = [.. nodes.Select(node => Data(node, "node", key))];
                if (called.All(name => name is { Length: > 0 }) && called.Distinct().Count() == called.Length)
                {
                    return ids.Zip(called).DistinctBy(pair => pair.First).ToDictionary(pair => pair.First, pair => pair.Second!);
                }
            }

            return ids.Distinct().ToDictionary(id => id);
        }

        int Node(XElement edge, string end)
        {
            string id = Required(edge, end);
            return names.TryGetValue(id, out string? name) ? parts.Node(name, Line(edge)) : throw source.Fault(
                Line(edge), $"the edge's {end} is '{id}', which is the id of no <node>; add the node or correct the id.");
        }

        Endpoint? Mark(XElement edge, string key)
        {
            if (Data(edge, "edge", key) is not string mark)
            {
                return null;
            }

            int at = Array.IndexOf(Marks, mark);
            return at >= 0 ? (Endpoint)at : throw source.Fault(Line(edge), $"the edge's {key} is '{mark}', but tail, arrow or circle was expected; correct it.");
        }

        // The element's data of that name; keys give names to the ids that data have.
        string? Data(XElement element, string of, string name)
        {
            var ids = keys.Where(key => key.Name == name && (key.Of == of || key.Of is null or "all")).Select(key => key.Id).ToArray();
            return Children(element, "data").FirstOrDefault(data => ids.Contains(Text(data, "key")))?.Value.Trim();
        }

        string Required(XElement element, string attribute) => Text(element, attribute) ?? throw source.Fault(
            Line(element), $"the <{element.Name.LocalName}> has no '{attribute}'; add it.");
    }

    static XElement Load(SourceText source)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(source.Text), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                MaxCharactersInDocument = MostCharacters,
            });
            return XDocument.Load(reader, LoadOptions.SetLineInfo).Root!;
        }
        catch (XmlException) when (source.Text.IndexOf("<!DOCTYPE", StringComparison.Ordinal) is >= 0 and var at)
        {
            throw source.Fault(1 + source.Text.AsSpan(0, at).Count('\n'), "the file has a document type (<!DOCTYPE), which is not read because it can name other files; take it out.");
        }
        catch (XmlException fault)
        {
            throw source.Fault(fault.LineNumber == 0 ? null : fault.LineNumber, $"this is no proper XML ({fault.Message.TrimEnd('.')}); write the graph again, or say the format the file has.");
        }
    }

    // Files without the namespace are met too.
    static IEnumerable<XElement> Children(XElement element, string name) => element.Elements().Where(child => child.Name.LocalName == name);

    static XElement? Child(XElement element, string name) => Children(element, name).FirstOrDefault();

    static string? Text(XElement element, string attribute) => element.Attribute(attribute)?.Value;

    static int? Line(XObject element) => element is IXmlLineInfo info && info.HasLineInfo() ? info.LineNumber : null;
}
