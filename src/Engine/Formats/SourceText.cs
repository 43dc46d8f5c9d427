using System.Text;
using System.Text.Unicode;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A small text file as a whole: strict UTF-8, a byte-order mark skipped.</summary>
/// <param name="Path">The file, as the user named it.</param>
/// <param name="Text">What it holds.</param>
sealed record SourceText(string Path, string Text)
{
    // No graph that a search can find, and no knowledge that a person can write, is longer.
    const long MostBytes = 1L << 28;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What should be in it, for messages: "a graph".</param>
    /// <exception cref="InputException">It is missing, unreadable, too long or no UTF-8.</exception>
    public static SourceText Read(string path, string expected)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new InputException($"{path}: this is a folder, but {expected} was expected; name a file.");
        }

        if (!File.Exists(path))
        {
            throw new InputException($"{path}: the file does not exist, but {expected} was expected; check the path.");
        }

        byte[] bytes;
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MostBytes)
            {
                throw new InputException($"{path}: the file has {length} bytes, too many for {expected}; check which file it is.");
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the file cannot be read ({fault.Message.TrimEnd('.')}); check its permissions.");
        }

        var encoding = new UTF8Encoding(true);
        ReadOnlySpan<byte> content = bytes.AsSpan().StartsWith(encoding.Preamble) ? bytes.AsSpan(encoding.Preamble.Length) : bytes;
        if (!Utf8.IsValid(content))
        {
            throw new InputException(
                $"{path}, line {FirstInvalidLine(content)}: the text is not UTF-8; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8 is often right).");
        }

        return new(path, encoding.GetString(content));
    }

    /// <summary>A fault on a line, from 1, or of the file as a whole.</summary>
    public InputException Fault(int? line, string message) =>
        new(line is null ? $"{Path}: {message}" : $"{Path}, line {line}: {message}");

    /// <summary>The lines with their numbers, from 1.</summary>
    public IEnumerable<(int Number, string Line)> Lines() =>
        Text.ReplaceLineEndings("\n").Split('\n').Select((line, i) => (i + 1, line));

    // UTF-8 never holds a line feed inside a character, so lines can be checked one at a time.
    static int FirstInvalidLine(ReadOnlySpan<byte> content)
    {
        int number = 1;
        foreach (var range in content.Split((byte)'\n'))
        {
            if (!Utf8.IsValid(content[range]))
            {
                return number;
            }

            number++;
        }

        return number;
    }
}
