using System.Globalization;
using System.Text;
using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Formats;

/// <summary>Background knowledge as lines of text.</summary>
/// <remarks>
/// <code>
/// # a comment, to the end of the line
/// tier 1: region, sex                nothing in a later tier causes anything in an earlier one
/// tier 2 closed: age, income         and nothing in this tier causes anything else in it
/// tier 3 next: "blood pressure, mean"  and nothing in this tier causes anything beyond tier 4
/// forbid age --> sex                 also lists: forbid a, b --> c, d
/// forbid age --- region              neither way
/// require smoking --> cancer
/// sink y, z                          cause no other column
/// root region                        no other column causes it
/// </code>
/// Names that hold a comma, a colon, a quote, an arrow or " #" stand in double quotes, quotes inside doubled. A * in a name
/// stands for any letters. Tiers are in the order of their numbers; two lines with one number are one tier.
/// </remarks>
static class KnowledgeText
{
    const string Arrow = "-->", Line = "---";

    const string Expected =
        "tier N: names, forbid a --> b, require a --> b, sink y or root x is expected; correct the line or begin it with # as a comment.";

    public static BackgroundKnowledge Parse(SourceText source)
    {
        var parts = new KnowledgeParts(source.Path);
        foreach (var (number, line) in source.Lines())
        {
            string text = WithoutComment(line).Trim();
            if (text.Length == 0)
            {
                continue;
            }

            int end = text.AsSpan().IndexOfAny(' ', '\t');
            (string word, string rest) = end < 0 ? (text, "") : (text[..end], text[end..].Trim());
            switch (word)
            {
                case "tier":
                    Tier(rest, number);
                    break;
                case "forbid":
                    Edges(rest, number, isForbidden: true);
                    break;
                case "require":
                    Edges(rest, number, isForbidden: false);
                    break;
                case "sink" or "root":
                    foreach (string name in Names(rest, number))
                    {
                        (word == "sink" ? (Action<string, int>)parts.Sink : parts.Root)(name, number);
                    }

                    break;
                default:
                    throw source.Fault(number, $"'{text}' is no statement: {Expected}");
            }
        }

        return parts.ToKnowledge();

        void Tier(string rest, int number)
        {
            int colon = rest.IndexOf(':', StringComparison.Ordinal);
            string[] head = colon < 0 ? [] : rest[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (head.Length == 0 || !int.TryParse(head[0], NumberStyles.None, CultureInfo.InvariantCulture, out int tier)
                || head[1..].Any(word => word is not ("closed" or "next")))
            {
                throw source.Fault(number, $"'tier {rest}' is no tier: write 'tier 1: a, b', 'tier 1 closed: a, b' or 'tier 1 next: a, b'.");
            }

            parts.Tier(tier, number, isClosed: head.Contains("closed"), isNextOnly: head.Contains("next"));
            foreach (string name in rest.AsSpan(colon + 1).IsWhiteSpace() ? [] : Names(rest[(colon + 1)..], number))
            {
                parts.Tier(tier, number, name);
            }
        }

        void Edges(string rest, int number, bool isForbidden)
        {
            int at = Outside(rest, Arrow);
            bool bothWays = at < 0 && isForbidden;
            at = bothWays ? Outside(rest, Line) : at;
            if (at < 0)
            {
                throw source.Fault(number, $"'{rest}' is no edge: write it as 'a --> b'{(isForbidden ? ", or 'a --- b' for both ways" : "")}.");
            }

            IReadOnlyList<string> causes = Names(rest[..at], number), effects = Names(rest[(at + Arrow.Length)..], number);
            foreach (var (cause, effect) in causes.SelectMany(cause => effects.Select(effect => (cause, effect))))
            {
                if (!isForbidden)
                {
                    parts.Require(cause, effect, number);
                    continue;
                }

                parts.Forbid(cause, effect, number);
                if (bothWays)
                {
                    parts.Forbid(effect, cause, number);
                }
            }
        }

        IReadOnlyList<string> Names(string text, int number)
        {
            var names = new List<string>();
            foreach (string part in SplitOutside(text))
            {
                string name = part.Trim();
                if (name.Contains('"', StringComparison.Ordinal))
                {
                    bool whole = name.Length > 2 && name[0] == '"' && name[^1] == '"';
                    string inner = whole ? name[1..^1].Replace("\"\"", "\n", StringComparison.Ordinal) : "";
                    if (!whole || inner.Contains('"', StringComparison.Ordinal))
                    {
                        throw source.Fault(number, $"the name {name} is not quoted properly: write \"a, b\", and double the quotes inside a name.");
                    }

                    name = inner.Replace('\n', '"');
                }

                if (name.Length == 0)
                {
                    throw source.Fault(number, "a name is missing: separate names by single commas, and name one column at least.");
                }

                if (Outside(part, Arrow) >= 0 || Outside(part, Line) >= 0)
                {
                    throw source.Fault(number, $"'{part.Trim()}' is no name of a column: write one edge a line, and a name that holds an arrow in quotes.");
                }

                names.Add(name);
            }

            return names;
        }
    }

    /// <summary>The knowledge as the lines of a file.</summary>
    public static IEnumerable<string> Lines(BackgroundKnowledge knowledge)
    {
        for (int tier = 0; tier < knowledge.Tiers.Count; tier++)
        {
            string closed = knowledge.ClosedTiers.Contains(tier) ? " closed" : "", next = knowledge.NextOnlyTiers.Contains(tier) ? " next" : "";
            yield return string.Create(CultureInfo.InvariantCulture,
                $"tier {tier + 1}{closed}{next}: {string.Join(", ", knowledge.Tiers[tier].Select(Quoted))}").TrimEnd();
        }

        foreach (var (from, to) in knowledge.Forbid)
        {
            yield return $"forbid {Quoted(from)} --> {Quoted(to)}";
        }

        foreach (var (from, to) in knowledge.Require)
        {
            yield return $"require {Quoted(from)} --> {Quoted(to)}";
        }

        foreach (string name in knowledge.Sinks)
        {
            yield return $"sink {Quoted(name)}";
        }

        foreach (string name in knowledge.Roots)
        {
            yield return $"root {Quoted(name)}";
        }
    }

    static string Quoted(string name) =>
        name != name.Trim() || name.AsSpan().IndexOfAny(",:\"#") >= 0 || name.Contains("--", StringComparison.Ordinal)
            ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;

    // A # begins a comment at the start of the line or after a space, outside quotes.
    static string WithoutComment(string line)
    {
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            quoted ^= line[i] == '"';
            if (line[i] == '#' && !quoted && (i == 0 || char.IsWhiteSpace(line[i - 1])))
            {
                return line[..i];
            }
        }

        return line;
    }

    // Where the sign stands first outside quotes, or −1.
    static int Outside(string text, string sign)
    {
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            quoted ^= text[i] == '"';
            if (!quoted && text.AsSpan(i).StartsWith(sign, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    static List<string> SplitOutside(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        bool quoted = false;
        foreach (char letter in text)
        {
            quoted ^= letter == '"';
            if (letter == ',' && !quoted)
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else
            {
                part.Append(letter);
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
