using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>A comparison of two graphs as JSON; its keys are described in docs/file-formats.md.</summary>
public static class ComparisonJson
{
    /// <summary>The text.</summary>
    /// <param name="comparison">The numbers.</param>
    /// <param name="found">The file of the graph that was found.</param>
    /// <param name="truth">The file of the true graph.</param>
    /// <param name="note">What became of the graphs before they were compared, or null.</param>
    public static string Text(GraphComparison comparison, string found, string truth, string? note) =>
        JsonText.Of(new { Format = "causalmixft.comparison", Version = 1, Found = found, Truth = truth, Note = note, Comparison = comparison });

    /// <summary>Writes it to a file.</summary>
    /// <inheritdoc cref="Text"/>
    public static void Write(string path, GraphComparison comparison, string found, string truth, string? note) =>
        AtomicFile.WriteText(path, Text(comparison, found, truth, note) + "\n");
}
