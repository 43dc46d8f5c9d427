using System.Globalization;
using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Formats;

/// <summary>Tetrad's knowledge files.</summary>
/// <remarks>
/// <code>
/// /knowledge
/// addtemporal
///
/// 1  age sex
/// 2* income "blood pressure"
///
/// forbiddirect
/// age sex
///
/// requiredirect
/// smoking cancer
/// </code>
/// Sections in any order, blank lines anywhere. A tier's number ends in * where its names do not cause each other, in - where
/// they cause none beyond the next tier. Sections forbiddengroup and requiredgroup hold pairs of lines: causes, effects. Names are
/// separated by spaces or tabs, as Tetrad does unless told otherwise, and // begins a comment.
/// </remarks>
static class TetradKnowledge
{
    static readonly string[] Sections = ["addtemporal", "forbiddirect", "requiredirect", "forbiddengroup", "requiredgroup"];

    public static bool Begins(string line) =>
        line.StartsWith("/knowledge", StringComparison.OrdinalIgnoreCase) || Sections.Contains(line, StringComparer.OrdinalIgnoreCase);

    public static BackgroundKnowledge Parse(SourceText source)
    {
        var parts = new KnowledgeParts(source.Path);
        string? section = null;
        (int Number, IReadOnlyList<string> Names)? causes = null;
        foreach (var (number, line) in source.Lines())
        {
            string text = WithoutComment(line).Trim();
            if (text.Length == 0 || (section is null && text.Equals("/knowledge", StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (Array.Find(Sections, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is string opened)
            {
                CheckGroup();
                section = opened;
                continue;
            }

            var names = Names(text, number);
            switch (section)
            {
                case "addtemporal":
                    Tier(names, number);
                    break;
                case "forbiddirect" or "requiredirect":
                    if (names.Count != 2)
                    {
                        throw source.Fault(number,
                            $"'{text}' has {names.Count} {(names.Count == 1 ? "name" : "names")}, but {section} takes cause and effect, two to a line; quote names that hold spaces.");
                    }

                    (section == "forbiddirect" ? (Action<string, string, int>)parts.Forbid : parts.Require)(names[0], names[1], number);
                    break;
                case "forbiddengroup" or "requiredgroup":
                    Group(names, number);
                    break;
                default:
                    throw source.Fault(number, $"'{text}' stands before any section: one of {string.Join(", ", Sections)} is expected first.");
            }
        }

        CheckGroup();
        return parts.ToKnowledge();

        void Tier(IReadOnlyList<string> names, int number)
        {
            string digits = names[0].TrimEnd('*', '-'), marks = names[0][digits.Length..];
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int tier))
            {
                throw source.Fault(number,
                    $"'{names[0]}' is no number of a tier; begin the line with one, as in '1 {names[0]}', or open another section ({string.Join(", ", Sections[1..])}).");
            }

            parts.Tier(tier, number, isClosed: marks.Contains('*', StringComparison.Ordinal), isNextOnly: marks.Contains('-', StringComparison.Ordinal));
            foreach (string name in names.Skip(1))
            {
                parts.Tier(tier, number, name);
            }
        }

        void Group(IReadOnlyList<string> names, int number)
        {
            if (causes is not { } waiting)
            {
                causes = (number, names);
                return;
            }

            causes = null;
            foreach (string from in waiting.Names)
            {
                foreach (string to in names.Where(to => to != from))
                {
                    (section == "forbiddengroup" ? (Action<string, string, int>)parts.Forbid : parts.Require)(from, to, waiting.Number);
                }
            }
        }

        void CheckGroup()
        {
            if (causes is { } waiting)
            {
                throw source.Fault(waiting.Number, $"a group in {section} is two lines, causes and then effects, but the second is missing; add it.");
            }
        }

        List<string> Names(string text, int number)
        {
            var names = new List<string>();
            var rest = text.AsSpan();
            while (!(rest = rest.TrimStart(" \t")).IsEmpty)
            {
                bool quoted = rest[0] == '"';
                rest = quoted ? rest[1..] : rest;
                int end = quoted ? rest.IndexOf('"') : rest.IndexOfAny(' ', '\t');
                if (quoted && end < 0)
                {
                    throw source.Fault(number, "a quote is not closed on this line; close it behind the name.");
                }

                end = end < 0 ? rest.Length : end;
                names.Add(rest[..end].ToString());
                rest = rest[(quoted ? end + 1 : end)..];
            }

            return names;
        }
    }

    static string WithoutComment(string line)
    {
        int at = line.IndexOf("//", StringComparison.Ordinal);
        return at < 0 ? line : line[..at];
    }
}
