using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>The acyclic graphs that a file stands for: one, or those of an ensemble.</summary>
public static class DagFile
{
    /// <summary>Reads ensemble.json, or a graph of any kind and format, whose open edges are then directed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">A graph's format, or null to tell by the name's ending.</param>
    /// <param name="notes">What directing the edges could not keep, hidden causes among it.</param>
    /// <exception cref="InputException">The file is missing, or neither a graph nor an ensemble.</exception>
    public static IReadOnlyList<Dag> Read(string path, GraphFormat? format, out IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(path);
        notes = [];
        return format is null && IsEnsemble(path)
            ? EnsembleJson.Read(path)
            : [DagExtension.Of(GraphFormats.Read(path, format).Graph, out notes)];
    }

    // What is no JSON is left to the reader of graphs, whose message names what was expected.
    static bool IsEnsemble(string path)
    {
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || !File.Exists(path))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(SourceText.Read(path, "a graph").Text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("format", out var name)
                && name.ValueKind == JsonValueKind.String && name.ValueEquals(EnsembleJson.Format);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
