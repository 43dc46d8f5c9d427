using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Background knowledge in a file, in our own words (<see cref="KnowledgeText"/>) or in Tetrad's (<see cref="TetradKnowledge"/>).</summary>
public static class KnowledgeFile
{
    /// <summary>Reads knowledge; which of the two formats it is, its first line tells.</summary>
    /// <remarks>Names are compared with columns, and statements with each other, by <see cref="BackgroundKnowledge.Check"/>.</remarks>
    /// <exception cref="InputException">The file is missing, or a line is not understood.</exception>
    public static BackgroundKnowledge Read(string path)
    {
        var source = SourceText.Read(path, "background knowledge");
        string first = source.Lines().Select(line => line.Line.Trim()).FirstOrDefault(line => line.Length > 0, "");
        return TetradKnowledge.Begins(first) ? TetradKnowledge.Parse(source) : KnowledgeText.Parse(source);
    }

    /// <summary>Writes knowledge in our own words; reading it back says the same.</summary>
    public static void Write(BackgroundKnowledge knowledge, string path)
    {
        ArgumentNullException.ThrowIfNull(knowledge);
        AtomicFile.WriteText(path, string.Concat(KnowledgeText.Lines(knowledge).Select(line => $"{line}\n")));
    }
}
