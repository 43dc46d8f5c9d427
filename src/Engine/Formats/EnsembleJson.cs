using System.Text.Json;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>ensemble.json: DAGs of the same variables, drawn by how sure each edge is.</summary>
/// <remarks>
/// <code>
/// { "format": "causalmixft.ensemble", "version": 1,
///   "variables": [ { "name": "age", "kind": "integer" }, … ],
///   "graphs": [ [ { "from": "age", "to": "income" }, … ], … ] }
/// </code>
/// Each graph is the list of its edges, from cause to effect.
/// </remarks>
public static class EnsembleJson
{
    /// <summary>What the file says it is.</summary>
    internal const string Format = "causalmixft.ensemble";
    const int Version = 1;

    static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes the graphs.</summary>
    /// <exception cref="ArgumentException">There is no graph, or they differ in their variables.</exception>
    public static void Write(IReadOnlyList<Dag> ensemble, string path)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        if (ensemble.Count == 0 || ensemble.Any(dag => !dag.Variables.SequenceEqual(ensemble[0].Variables)))
        {
            throw new ArgumentException("An ensemble is one DAG or more, all of the same variables.", nameof(ensemble));
        }

        AtomicFile.Write(path, stream =>
        {
            using (var json = new Utf8JsonWriter(stream, Indented))
            {
                Write(ensemble, json);
            }

            stream.WriteByte((byte)'\n');
        });
    }

    /// <summary>Reads the graphs.</summary>
    /// <exception cref="InputException">The file is missing, or no ensemble.</exception>
    public static IReadOnlyList<Dag> Read(string path)
    {
        var source = SourceText.Read(path, "an ensemble of graphs");
        try
        {
            using var document = JsonDocument.Parse(source.Text);
            return new Reader(path).Read(document.RootElement);
        }
        catch (JsonException fault)
        {
            throw new InputException($"{path}, line {fault.LineNumber + 1}: this is no JSON; give an ensemble.json as discover writes it.");
        }
    }

    static void Write(IReadOnlyList<Dag> ensemble, Utf8JsonWriter json)
    {
        var variables = ensemble[0].Variables;
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", Version);
        json.WriteStartArray("variables");
        foreach (var variable in variables)
        {
            json.WriteStartObject();
            json.WriteString("name", variable.Name);
            json.WriteString("kind", Word(variable.Kind));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("graphs");
        foreach (var dag in ensemble)
        {
            json.WriteStartArray();
            foreach (var edge in dag.Edges)
            {
                json.WriteStartObject();
                json.WriteString("from", variables[edge.From].Name);
                json.WriteString("to", variables[edge.To].Name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

#pragma warning disable CA1308 // Words in the file are lower case.
    static string Word(ColumnKind kind) => kind.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>Checks everything on the way, since people write such files too.</summary>
    sealed class Reader(string path)
    {
        readonly List<Variable> _variables = [];
        readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

        public Dag[] Read(JsonElement root)
        {
            if (root.ValueKind != JsonValueKind.Object || Text(root, "format") != Format)
            {
                throw Fault($"this is no ensemble of graphs, it lacks \"format\": \"{Format}\"; give an ensemble.json as discover writes it.");
            }

            if (!(root.TryGetProperty("version", out var version) && version.ValueKind == JsonValueKind.Number
                && version.TryGetInt32(out int number) && number == Version))
            {
                throw Fault($"\"version\" is not {Version}, the one that this program reads; write the file again with discover.");
            }

            foreach (var entry in Items(root, "variables"))
            {
                Add(entry);
            }

            Dag[] ensemble = [.. Items(root, "graphs").Select((edges, i) => Graph(edges, i + 1))];
            return ensemble.Length > 0 ? ensemble : throw Fault("\"graphs\" is empty; give one graph at the least.");
        }

        void Add(JsonElement entry)
        {
            string name = Text(entry, "name") ?? throw Fault("a variable has no \"name\"; name each one.");
            var kinds = Enum.GetValues<ColumnKind>();
            string? word = Text(entry, "kind");
            int kind = Array.FindIndex(kinds, kind => Word(kind) == word);
            if (kind < 0)
            {
                throw Fault($"the variable '{name}' has the kind '{word}'; give one of {string.Join(", ", kinds.Select(Word))}.");
            }

            if (!_index.TryAdd(name, _variables.Count))
            {
                throw Fault($"the variable '{name}' stands twice; name each once.");
            }

            _variables.Add(new(_variables.Count, name, kinds[kind]));
        }

        Dag Graph(JsonElement edges, int number)
        {
            if (edges.ValueKind != JsonValueKind.Array)
            {
                throw Fault($"graph {number} is no list of edges; write it as [ {{ \"from\": \"a\", \"to\": \"b\" }} ].");
            }

            var joined = new HashSet<(int, int)>();
            var pairs = new List<(int, int)>();
            foreach (var edge in edges.EnumerateArray())
            {
                int from = Node(edge, "from", number), to = Node(edge, "to", number);
                if (!joined.Add((Math.Min(from, to), Math.Max(from, to))))
                {
                    throw Fault(
                        $"graph {number} joins '{_variables[from].Name}' and '{_variables[to].Name}' twice; join each pair once at most.");
                }

                pairs.Add((from, to));
            }

            try
            {
                return Dag.FromEdges(_variables, pairs);
            }
            catch (InputException fault)
            {
                throw Fault($"graph {number}: {fault.Message}");
            }
        }

        int Node(JsonElement edge, string end, int number) =>
            Text(edge, end) is string name && _index.TryGetValue(name, out int node) ? node : throw Fault(
                $"an edge of graph {number} has \"{end}\": '{Text(edge, end)}', which is none of the variables; correct it.");

        JsonElement.ArrayEnumerator Items(JsonElement root, string name) =>
            root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray() : throw Fault($"\"{name}\" is missing or no list; write the file again with discover.");

        static string? Text(JsonElement element, string name) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

        InputException Fault(string sentence) => new($"{path}: {sentence}");
    }
}
