using System.Text;

namespace CausalMixFT.Engine.Reporting;

/// <summary>A Markdown document in the making; names that users gave go through <see cref="Name"/>.</summary>
sealed class MarkdownText
{
    // Each of these means something to Markdown, or to HTML inside it.
    const string Special = "\\`*[]<>|~&#!{}$^";

    readonly StringBuilder _text = new();

    /// <summary>A name that shows as it is, whatever characters it holds, also in a cell of a table.</summary>
    public static string Name(string name)
    {
        var escaped = new StringBuilder(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            char letter = name[i];

            // An underscore between letters is only an underscore; at an edge it may begin emphasis.
            bool inWord = i > 0 && i + 1 < name.Length && char.IsLetterOrDigit(name[i - 1]) && char.IsLetterOrDigit(name[i + 1]);
            if (Special.Contains(letter, StringComparison.Ordinal) || (letter == '_' && !inWord))
            {
                escaped.Append('\\');
            }

            escaped.Append(char.IsControl(letter) ? ' ' : letter);
        }

        return escaped.ToString();
    }

    /// <summary>A heading.</summary>
    public void Heading(int level, string text) => _text.Append('#', level).Append(' ').Append(text).Append("\n\n");

    /// <summary>A paragraph.</summary>
    public void Paragraph(string text) => _text.Append(text).Append("\n\n");

    /// <summary>A list.</summary>
    public void List(IEnumerable<string> items)
    {
        foreach (string item in items)
        {
            _text.Append("- ").Append(item).Append('\n');
        }

        _text.Append('\n');
    }

    /// <summary>A picture that lies beside the document.</summary>
    public void Picture(string description, string file) => _text.Append($"![{description}]({file})\n\n");

    /// <summary>Text as it is.</summary>
    public void Code(string text)
    {
        string fence = "```";
        while (text.Contains(fence, StringComparison.Ordinal))
        {
            fence += "`";
        }

        _text.Append(fence).Append('\n').Append(text).Append('\n').Append(fence).Append("\n\n");
    }

    /// <summary>A table; the first <paramref name="names"/> columns hold words, the others numbers.</summary>
    public void Table(int names, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        Row(header);
        Row([.. header.Select((_, i) => i < names ? "---" : "---:")]);
        foreach (var row in rows)
        {
            Row(row);
        }

        _text.Append('\n');
    }

    /// <summary>The document.</summary>
    public override string ToString() => _text.ToString().TrimEnd() + "\n";

    void Row(IReadOnlyList<string> cells) => _text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
