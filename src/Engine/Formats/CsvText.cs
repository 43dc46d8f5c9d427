using System.IO.Compression;
using System.Text;

namespace CausalMixFT.Engine.Formats;

/// <summary>Rows of cells as RFC 4180 has them: commas between, quotes around cells that need them, line feeds.</summary>
static class CsvText
{
    /// <summary>Makes a file, through gzip when the path ends in .gz.</summary>
    public static void Write(string path, Action<TextWriter> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        AtomicFile.Write(path, stream =>
        {
            using var bytes = IsGzip(path)
                ? new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true) : stream;
            using var text = new StreamWriter(bytes, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
            write(text);
        });
    }

    /// <summary>Writes one row.</summary>
    public static void WriteRow(TextWriter text, IEnumerable<string> cells)
    {
        int written = 0;
        string only = "";
        foreach (string cell in cells)
        {
            if (written++ > 0)
            {
                text.Write(',');
            }

            text.Write(only = Cell(cell));
        }

        // A row of one empty cell would be a blank line, which readers skip.
        text.Write(written == 1 && only.Length == 0 ? "\"\"\n" : "\n");
    }

    /// <summary>A cell's text, in quotes where it needs them.</summary>
    public static string Cell(string text) => text.AsSpan().IndexOfAny(",\"\r\n") >= 0
        ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : text;

    /// <summary>Whether a file of that name is compressed.</summary>
    public static bool IsGzip(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
}
