using System.Globalization;
using System.Text.RegularExpressions;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>How a condition compares a cell.</summary>
enum Comparison
{
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    Greater,
    Among,
}

/// <summary>A condition on the cells of one column, as they are written: an empty cell meets none.</summary>
/// <param name="Node">The column.</param>
/// <param name="Comparison">The comparison.</param>
/// <param name="Values">What is compared with: numbers, or the places of levels; one, or several of a list.</param>
sealed partial record RowCondition(int Node, Comparison Comparison, IReadOnlyList<double> Values)
{
    /// <summary>Whether a cell meets the condition.</summary>
    public bool Holds(double cell) => Comparison switch
    {
        Comparison.Less => cell < Values[0],
        Comparison.AtMost => cell <= Values[0],
        Comparison.Equal => cell == Values[0],
        Comparison.NotEqual => cell != Values[0] && !double.IsNaN(cell),
        Comparison.AtLeast => cell >= Values[0],
        Comparison.Greater => cell > Values[0],
        _ => Values.Contains(cell),
    };

    /// <summary>Whether any cell of an interval can meet the condition.</summary>
    public bool CanHold(double min, double max) => Comparison switch
    {
        Comparison.Less => min < Values[0],
        Comparison.AtMost => min <= Values[0],
        Comparison.NotEqual => min != max || min != Values[0],
        Comparison.AtLeast => max >= Values[0],
        Comparison.Greater => max > Values[0],
        _ => Values.Any(value => value >= min && value <= max),
    };

    /// <summary>Reads "age > 60 and region in (north, south)".</summary>
    /// <param name="text">
    /// Comparisons joined by "and": column, one of = != &lt; &lt;= > >= in, then a value, or values in brackets. Names and
    /// values that hold spaces, brackets, commas or signs stand in single or double quotes.
    /// </param>
    /// <param name="nodes">The columns that there are.</param>
    /// <exception cref="InputException">The text is no such condition, or names what there is not.</exception>
    public static IReadOnlyList<RowCondition> Parse(string text, IReadOnlyList<ScmNode> nodes)
    {
        var tokens = new Queue<string>();
        int end = 0;
        foreach (Match match in Tokens().Matches(text))
        {
            if (text[end..match.Index].Trim().Length > 0)
            {
                break;
            }

            tokens.Enqueue(match.Value);
            end = match.Index + match.Length;
        }

        if (text[end..].Trim().Length > 0)
        {
            throw Fault(text, $"'{text[end..].Trim()}' is not understood");
        }

        var conditions = new List<RowCondition>();
        do
        {
            conditions.Add(Next(text, tokens, nodes));
        }
        while (tokens.TryDequeue(out string? word) && (word.Equals("and", StringComparison.OrdinalIgnoreCase)
            ? true
            : throw Fault(text, $"'{word}' stands where 'and' was expected")));
        return conditions;
    }

    static RowCondition Next(string text, Queue<string> tokens, IReadOnlyList<ScmNode> nodes)
    {
        string name = Unquoted(Take(text, tokens, "a column"));
        int index = IndexOf(name, nodes);
        string sign = Take(text, tokens, "one of = != < <= > >= in");
        var comparison = sign.ToLowerInvariant() switch
        {
            "<" => Comparison.Less,
            "<=" => Comparison.AtMost,
            "=" or "==" => Comparison.Equal,
            "!=" or "<>" => Comparison.NotEqual,
            ">=" => Comparison.AtLeast,
            ">" => Comparison.Greater,
            "in" => Comparison.Among,
            _ => throw Fault(text, $"'{sign}' stands where one of = != < <= > >= in was expected"),
        };
        if (nodes[index].IsDiscrete && comparison is Comparison.Less or Comparison.AtMost or Comparison.AtLeast or Comparison.Greater)
        {
            throw Fault(text, $"'{name}' holds names, which {sign} cannot order; use =, != or in");
        }

        return new(index, comparison, [.. ReadValues(text, tokens, comparison).Select(value => Cell(value, nodes[index]))]);
    }

    static List<string> ReadValues(string text, Queue<string> tokens, Comparison comparison)
    {
        if (comparison != Comparison.Among)
        {
            return [Unquoted(Take(text, tokens, "a value"))];
        }

        if (Take(text, tokens, "(") is var open && open != "(")
        {
            throw Fault(text, $"'{open}' stands where ( was expected after in");
        }

        var values = new List<string>();
        while (true)
        {
            values.Add(Unquoted(Take(text, tokens, "a value")));
            string next = Take(text, tokens, ", or )");
            if (next == ")")
            {
                return values;
            }

            if (next != ",")
            {
                throw Fault(text, $"'{next}' stands where , or ) was expected");
            }
        }
    }

    static string Take(string text, Queue<string> tokens, string expected) =>
        tokens.TryDequeue(out string? token) ? token : throw Fault(text, $"it ends where {expected} was expected");

    static string Unquoted(string token) => token.Length > 1 && token[0] is '"' or '\'' ? token[1..^1] : token;

    /// <summary>The place of a column.</summary>
    /// <exception cref="InputException">There is no such column.</exception>
    internal static int IndexOf(string name, IReadOnlyList<ScmNode> nodes)
    {
        int index = nodes.ToList().FindIndex(node => node.Name == name);
        return index >= 0
            ? index
            : throw new InputException(ColumnNames.Unknown(name, nodes.Select(node => node.Name), "the model"));
    }

    /// <summary>The cell that a text stands for.</summary>
    /// <exception cref="InputException">It is no level or number of the column.</exception>
    internal static double Cell(string text, ScmNode node)
    {
        if (node.IsDiscrete)
        {
            int level = node.Levels.ToList().IndexOf(text);
            return level >= 0
                ? level
                : throw new InputException(
                    $"Column '{node.Name}' has no level '{text}'; its levels are {ColumnNames.List(node.Levels)}.");
        }

        if (node.Kind == ColumnKind.Date)
        {
            double day = Column.DayOf(text);
            return !double.IsNaN(day)
                ? day
                : throw new InputException($"Column '{node.Name}' holds dates, and '{text}' is none; write it like 2024-03-01.");
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw new InputException($"Column '{node.Name}' holds numbers, and '{text}' is none; give a number such as 0.5.");
    }

    static InputException Fault(string text, string fault) => new(
        $"The condition '{text}' cannot be read: {fault}; write it like \"age > 60 and region in (north, south)\".");

    [GeneratedRegex("""
        "[^"]*"|'[^']*'|<=|>=|!=|<>|==|[<>=(),]|[^\s<>=!(),'"]+
        """)]
    private static partial Regex Tokens();
}
