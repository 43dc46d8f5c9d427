using System.Text;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>What a piece of DOT is.</summary>
enum DotTokenKind
{
    /// <summary>An identifier, number or quoted text.</summary>
    Name,

    /// <summary>The sign of an edge: ->, --, and dagitty's others.</summary>
    Edge,

    /// <summary>One of { } [ ] = ; , :</summary>
    Sign,

    /// <summary>The end of the text.</summary>
    End,
}

/// <summary>A piece of DOT and its line.</summary>
readonly record struct DotToken(DotTokenKind Kind, string Text, int Line)
{
    /// <summary>Whether it stood in quotes, and so is no keyword.</summary>
    public bool IsQuoted { get; init; }
}

/// <summary>The pieces of a text in DOT, one after another: comments are skipped, quoted texts joined by + become one.</summary>
sealed class DotTokens
{
    static readonly string[] EdgeSigns = ["<->", "<-@", "@->", "@-@", "@--", "--@", "->", "<-", "--"];

    readonly SourceText _source;
    readonly string _text;
    int _at;
    int _line = 1;

    public DotTokens(SourceText source)
    {
        (_source, _text) = (source, source.Text.ReplaceLineEndings("\n"));
        Current = Next();
    }

    /// <summary>The piece that comes next.</summary>
    public DotToken Current { get; private set; }

    /// <summary>The line of the piece that comes next.</summary>
    public int Line => Current.Line;

    /// <summary>Passes over the next piece and returns it.</summary>
    public DotToken Take()
    {
        var taken = Current;
        Current = Next();
        return taken;
    }

    public bool IsSign(string sign)
    {
        // Every caller waits for a sign that must come.
        if (Current.Kind == DotTokenKind.End)
        {
            throw _source.Fault(_line, $"the text ends where '{sign}' was still expected; the file is cut short or a bracket is not closed.");
        }

        return Current.Kind == DotTokenKind.Sign && Current.Text == sign;
    }

    public void TakeSign(string sign)
    {
        if (!IsSign(sign))
        {
            throw Unexpected($"'{sign}'");
        }

        Take();
    }

    public DotToken TakeName(string what) => Current.Kind == DotTokenKind.Name ? Take() : throw Unexpected(what);

    public void TakeWord(string word) => TakeAnyWord(word);

    /// <summary>The next piece if it is one of these words, in lower case, or null.</summary>
    public string? TakeAnyWord(params string[] words)
    {
        if (Current is not { Kind: DotTokenKind.Name, IsQuoted: false })
        {
            return null;
        }

        string? word = Array.Find(words, word => word.Equals(Current.Text, StringComparison.OrdinalIgnoreCase));
        if (word is not null)
        {
            Take();
        }

        return word;
    }

    InputException Unexpected(string expected) => _source.Fault(
        Current.Line, Current.Kind == DotTokenKind.End ? $"the text ends where {expected} was expected; the file is cut short or a bracket is not closed."
            : $"'{Current.Text}' stands where {expected} was expected; correct the line.");

    DotToken Next()
    {
        SkipBlanks();
        int line = _line;
        if (_at == _text.Length)
        {
            return new(DotTokenKind.End, "", line);
        }

        char letter = _text[_at];
        if (letter == '"')
        {
            return new(DotTokenKind.Name, Quoted(), line) { IsQuoted = true };
        }

        if (Array.Find(EdgeSigns, sign => string.CompareOrdinal(_text, _at, sign, 0, sign.Length) == 0) is string edge)
        {
            _at += edge.Length;
            return new(DotTokenKind.Edge, edge, line);
        }

        if (letter == '<')
        {
            return new(DotTokenKind.Name, Html(), line) { IsQuoted = true };
        }

        if ("{}[]=;,:".Contains(letter, StringComparison.Ordinal))
        {
            _at++;
            return new(DotTokenKind.Sign, letter.ToString(), line);
        }

        int start = _at;
        while (_at < _text.Length && (IsOfName(_text[_at]) || (_at == start && letter == '-')))
        {
            _at++;
        }

        return _at > start ? new(DotTokenKind.Name, _text[start.._at], line)
            : throw _source.Fault(line, $"the character '{letter}' has no meaning here; put names that hold it in double quotes.");
    }

    // Names with dots are no identifiers in Graphviz, but they are in dagitty and R.
    static bool IsOfName(char letter) => char.IsLetterOrDigit(letter) || letter is '_' or '.' || letter >= 0x80;

    string Quoted()
    {
        var text = new StringBuilder();
        while (true)
        {
            int begun = _line;
            for (_at++; _at < _text.Length && _text[_at] != '"'; _at++)
            {
                // \" is a quote and \\ a backslash; before a line feed a backslash joins lines; others are the label's own business.
                bool escapes = _text[_at] == '\\' && _at + 1 < _text.Length && _text[_at + 1] is '"' or '\\' or '\n';
                _at += escapes ? 1 : 0;
                _line += _text[_at] == '\n' ? 1 : 0;
                if (!(escapes && _text[_at] == '\n'))
                {
                    text.Append(_text[_at]);
                }
            }

            if (_at >= _text.Length)
            {
                throw _source.Fault(begun, "a quote that begins here is not closed; close it.");
            }

            _at++;
            int behind = _at, line = _line;
            SkipBlanks();
            if (_at >= _text.Length || _text[_at] != '+')
            {
                (_at, _line) = (behind, line);
                return text.ToString();
            }

            _at++;
            SkipBlanks();
            if (_at >= _text.Length || _text[_at] != '"')
            {
                throw _source.Fault(_line, "a quoted text is expected behind '+'; add it or take the '+' out.");
            }
        }
    }

    string Html()
    {
        int start = _at, depth = 0, begun = _line;
        do
        {
            depth += _text[_at] switch { '<' => 1, '>' => -1, _ => 0 };
            _line += _text[_at++] == '\n' ? 1 : 0;
        }
        while (depth > 0 && _at < _text.Length);
        return depth == 0 ? _text[start.._at] : throw _source.Fault(begun, "a text in angle brackets that begins here is not closed; close it.");
    }

    void SkipBlanks()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] == '\n')
            {
                _line++;
                _at++;
            }
            else if (char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }
            else if (Begins("//") || Begins("#"))
            {
                int end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else if (Begins("/*"))
            {
                int end = _text.IndexOf("*/", _at, StringComparison.Ordinal);
                end = end < 0 ? _text.Length : end + 2;
                _line += _text.AsSpan(_at, end - _at).Count('\n');
                _at = end;
            }
            else
            {
                return;
            }
        }
    }

    bool Begins(string sign) => string.CompareOrdinal(_text, _at, sign, 0, sign.Length) == 0;
}
