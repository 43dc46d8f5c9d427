using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>graph.json: the causal graph.</summary>
/// <remarks>
/// <code>
/// { "format": "causalmixft.graph", "version": 1, "type": "cpdag",
///   "variables": [ { "name": "age", "kind": "integer" }, … ],
///   "edges": [ { "from": "age", "to": "income", "atFrom": "tail", "atTo": "arrow" }, … ],
///   "test": "mixed", "alpha": 0.01,
///   "separatingSets": [ { "x": "age", "y": "y", "given": [ "income" ], "pValue": 0.4 }, … ],
///   "confidence": { "graphs": 100, "pairs": [ { "x": "age", "y": "income", "marks": { "-->": 90, "---": 7 } }, … ] } }
/// </code>
/// type is dag, cpdag or pag; marks are tail, arrow or circle; test, alpha, separatingSets and confidence may be missing.
/// confidence counts, over graphs found on resamples of the rows, how many join x and y by which marks, read from x to y.
/// </remarks>
public static class GraphJson
{
    const string Format = "causalmixft.graph";
    const int Version = 1;

    static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>Reads a graph.</summary>
    /// <exception cref="InputException">The file is missing, or not a graph.</exception>
    public static GraphFile Read(string path)
    {
        var source = SourceText.Read(path, "a graph");
        try
        {
            using var document = JsonDocument.Parse(source.Text);
            return Parse(document.RootElement, path);
        }
        catch (JsonException fault)
        {
            throw new InputException($"{path}, line {fault.LineNumber + 1}: this is no JSON; give a graph.json as discover writes it.");
        }
    }

    /// <summary>Writes what a search found.</summary>
    public static void Write(DiscoveryResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        Write(GraphFile.Of(result), path);
    }

    /// <summary>Writes a graph.</summary>
    public static void Write(GraphFile file, string path)
    {
        ArgumentNullException.ThrowIfNull(file);
        AtomicFile.Write(path, stream =>
        {
            using (var json = new Utf8JsonWriter(stream, Indented))
            {
                Write(file, json);
            }

            stream.WriteByte((byte)'\n');
        });
    }

    static void Write(GraphFile file, Utf8JsonWriter json)
    {
        var variables = file.Graph.Variables;
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", Version);
        json.WriteString("type", file.Type);
        json.WriteStartArray("variables");
        foreach (var variable in variables)
        {
            json.WriteStartObject();
            json.WriteString("name", variable.Name);
            json.WriteString("kind", Word(variable.Kind));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("edges");
        foreach (var edge in file.Graph.Edges)
        {
            json.WriteStartObject();
            json.WriteString("from", variables[edge.From].Name);
            json.WriteString("to", variables[edge.To].Name);
            json.WriteString("atFrom", Word(edge.AtFrom));
            json.WriteString("atTo", Word(edge.AtTo));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (file.Test is not null)
        {
            json.WriteString("test", file.Test);
        }

        if (file.Alpha is double alpha)
        {
            json.WriteNumber("alpha", alpha);
        }

        json.WriteStartArray("separatingSets");
        foreach (var set in file.SeparatingSets.All)
        {
            json.WriteStartObject();
            json.WriteString("x", variables[set.X].Name);
            json.WriteString("y", variables[set.Y].Name);
            json.WriteStartArray("given");
            foreach (int node in set.Given)
            {
                json.WriteStringValue(variables[node].Name);
            }

            json.WriteEndArray();
            json.WriteNumber("pValue", set.PValue);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (file.Confidence is not null)
        {
            Write(file.Confidence, json);
        }

        json.WriteEndObject();
    }

    static void Write(EdgeConfidence confidence, Utf8JsonWriter json)
    {
        json.WriteStartObject("confidence");
        json.WriteNumber("graphs", confidence.Graphs);
        json.WriteStartArray("pairs");
        foreach (var pair in confidence.Counts().GroupBy(count => (count.Edge.From, count.Edge.To)))
        {
            json.WriteStartObject();
            json.WriteString("x", confidence.Variables[pair.Key.From].Name);
            json.WriteString("y", confidence.Variables[pair.Key.To].Name);
            json.WriteStartObject("marks");
            foreach (var (edge, count) in pair)
            {
                json.WriteNumber(edge.Symbol, count);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static GraphFile Parse(JsonElement root, string path)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out var format)
            || format.ValueKind != JsonValueKind.String || format.GetString() != Format)
        {
            throw new InputException($"{path}: this is no causal graph, it lacks \"format\": \"{Format}\"; give a graph.json as discover writes it.");
        }

        int version = (int)Number(root, "version", "the file");
        if (version != Version)
        {
            throw new InputException($"{path}: the graph is of version {version}, and this program reads version {Version}; write it again with discover.");
        }

        var variables = new List<Variable>();
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in Items(root, "variables"))
        {
            string name = Text(entry, "name", "a variable");
            if (!index.TryAdd(name, variables.Count))
            {
                throw new InputException($"{path}: the variable '{name}' stands twice; name each once.");
            }

            variables.Add(new(variables.Count, name, OneOf<ColumnKind>(entry, "kind", $"variable '{name}'")));
        }

        var builder = new GraphBuilder(variables);
        foreach (var entry in Items(root, "edges"))
        {
            int from = Node(entry, "from", "an edge"), to = Node(entry, "to", "an edge");
            string edge = $"the edge between '{variables[from].Name}' and '{variables[to].Name}'";
            if (from == to || builder.AreAdjacent(from, to))
            {
                throw new InputException($"{path}: {edge} stands twice or is a loop; join each pair of variables once at most.");
            }

            builder.Connect(from, to, OneOf<Endpoint>(entry, "atFrom", edge), OneOf<Endpoint>(entry, "atTo", edge));
        }

        var sets = new SeparatingSets();
        foreach (var entry in root.TryGetProperty("separatingSets", out _) ? Items(root, "separatingSets") : [])
        {
            int x = Node(entry, "x", "a separating set"), y = Node(entry, "y", "a separating set");
            int[] given = [.. Items(entry, "given").Select(name => Known(name, "a separating set"))];
            sets.Add(new(Math.Min(x, y), Math.Max(x, y), given, Number(entry, "pValue", "a separating set")));
        }

        string type = Text(root, "type", "the file");
        if (!GraphFile.Types.Contains(type))
        {
            throw new InputException($"{path}: the graph is of type '{type}', not {string.Join(", ", GraphFile.Types)}; correct it.");
        }

        string? test = root.TryGetProperty("test", out _) ? Text(root, "test", "the file") : null;
        double? alpha = root.TryGetProperty("alpha", out _) ? Number(root, "alpha", "the file") : null;
        try
        {
            return new(GraphFile.Build(builder, type), test, alpha, sets) { Confidence = Confidence() };
        }
        catch (InputException fault) when (!fault.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InputException($"{path}: {fault.Message}");
        }

        EdgeConfidence? Confidence()
        {
            if (!root.TryGetProperty("confidence", out var confidence))
            {
                return null;
            }

            double graphs = Number(confidence, "graphs", "the confidence");
            if (!(graphs >= 1) || graphs > int.MaxValue || graphs != Math.Floor(graphs))
            {
                throw Fault("the confidence", "graphs", "a whole number from 1 on");
            }

            var counts = new List<(Edge, int)>();
            foreach (var pair in Items(confidence, "pairs"))
            {
                int x = Node(pair, "x", "a pair of the confidence"), y = Node(pair, "y", "a pair of the confidence");
                string place = $"the pair '{variables[x].Name}' and '{variables[y].Name}' of the confidence";
                foreach (var mark in pair.TryGetProperty("marks", out var marks) && marks.ValueKind == JsonValueKind.Object
                    ? marks.EnumerateObject() : throw Fault(place, "marks", "an object"))
                {
                    var (atX, atY) = Edge.MarksOf(mark.Name) ?? throw Fault(place, "marks", $"an edge such as --> and not '{mark.Name}'");
                    bool counted = mark.Value.ValueKind == JsonValueKind.Number && mark.Value.TryGetInt32(out int _);
                    int count = counted ? mark.Value.GetInt32() : -1;
                    if (x == y || count < 0 || count > graphs)
                    {
                        throw Fault(place, "marks", $"a number from 0 to {graphs}");
                    }

                    counts.Add((new(x, y, atX, atY), count));
                }
            }

            return EdgeConfidence.FromCounts(variables, (int)graphs, counts);
        }

        InputException Fault(string place, string name, string wanted) =>
            new($"{path}: {place} has no proper \"{name}\", {wanted} is expected; correct it or write the graph again with discover.");

        IEnumerable<JsonElement> Items(JsonElement element, string name) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array
                ? array.EnumerateArray() : throw Fault("the graph", name, "a list");

        string Text(JsonElement element, string name, string place) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()! : throw Fault(place, name, "a text");

        double Number(JsonElement element, string name, string place) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var number)
            && number.ValueKind == JsonValueKind.Number && number.TryGetDouble(out double value)
                ? value : throw Fault(place, name, "a number");

        T OneOf<T>(JsonElement element, string name, string place)
            where T : struct, Enum
        {
            string text = Text(element, name, place);
            var values = Enum.GetValues<T>();
            int at = Array.FindIndex(values, value => Word(value) == text);
            return at >= 0 ? values[at] : throw Fault(place, name, $"one of {string.Join(", ", values.Select(Word))}");
        }

        int Node(JsonElement element, string name, string place) =>
            index.TryGetValue(Text(element, name, place), out int node)
                ? node : throw Fault(place, name, $"one of the variables, not '{Text(element, name, place)}',");

        int Known(JsonElement element, string place) =>
            element.ValueKind == JsonValueKind.String && index.TryGetValue(element.GetString()!, out int node)
                ? node : throw Fault(place, "given", "a list of variables");
    }

#pragma warning disable CA1308 // Words in the file are lower case.
    static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
