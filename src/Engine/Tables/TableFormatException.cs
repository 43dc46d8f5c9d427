namespace CausalMixFT.Engine.Tables;

/// <summary>
/// A file that cannot be read as a table; the message begins with the file and, where one is to blame, the line.
/// </summary>
public sealed class TableFormatException : InputException
{
    /// <summary>Blames a line of a file; lines count from 1, and a null line blames the file as a whole.</summary>
    public TableFormatException(string path, long? line, string message)
        : base(line is null ? $"{path}: {message}" : $"{path}, line {line}: {message}")
    {
        Path = path;
        Line = line;
    }

    /// <summary>The file, as the user named it.</summary>
    public string Path { get; }

    /// <summary>The line to blame, from 1, or null.</summary>
    public long? Line { get; }
}
