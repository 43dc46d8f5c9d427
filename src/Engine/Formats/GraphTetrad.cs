using System.Globalization;
using System.Text;

namespace CausalMixFT.Engine.Formats;

/// <summary>Tetrad's graph text, which causal-learn reads too.</summary>
/// <remarks>
/// <code>
/// Graph Nodes:
/// age;income;y
///
/// Graph Type: cpdag
///
/// Graph Edges:
/// 1. age --> income
/// 2. income --- y
/// </code>
/// Names stand between semicolons or commas, in round brackets where latent, in square ones where selected upon: both are read
/// as variables like others. The type is ours and other programs pass over it; without it the marks tell. What follows an edge
/// on its line (Tetrad's dd, nl, pl, pd or shares of bootstraps) is not read. Sections other than these are passed over.
/// </remarks>
static class GraphTetrad
{
    const string Nodes = "Graph Nodes:", Edges = "Graph Edges:", Type = "Graph Type:";

    public static bool Begins(SourceText source) => source.Text.AsSpan().TrimStart().StartsWith("Graph", StringComparison.Ordinal);

    public static bool CanName(string name) =>
        name.Length > 0 && !name.Any(char.IsWhiteSpace) && name.AsSpan().IndexOfAny(",;") < 0 && name[0] is not ('(' or '[');

    public static GraphFile Parse(SourceText source)
    {
        var parts = new GraphParts(source);
        string section = "", type = "";
        bool hasNodes = false;
        foreach (var (number, line) in source.Lines())
        {
            string text = line.Trim();
            if (text.Length == 0)
            {
                continue;
            }

            if (text.StartsWith(Type, StringComparison.Ordinal))
            {
                type = text[Type.Length..].Trim();
                if (!GraphFile.Types.Contains(type))
                {
                    throw source.Fault(number, $"the graph is of type '{type}', not {string.Join(", ", GraphFile.Types)}; correct it or take the line out.");
                }
            }
            else if (text.EndsWith(':') && text.StartsWith("Graph", StringComparison.Ordinal))
            {
                section = text;
                hasNodes |= section == Nodes;
            }
            else if (section == Nodes)
            {
                foreach (string name in text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    bool isBracketed = (name[0], name[^1]) is ('(', ')') or ('[', ']');
                    parts.NewNode(isBracketed ? name[1..^1] : name, number);
                }
            }
            else if (section == Edges)
            {
                Edge(text, number);
            }
        }

        return hasNodes ? parts.ToFile(type.Length > 0 ? type : null) : throw source.Fault(null,
            $"this is no graph of Tetrad's, it lacks a line '{Nodes}'; name another file, or say the format it has.");

        void Edge(string text, int number)
        {
            // "12. a --> b dd nl": the number is left out by some.
            string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            words = words.Length > 3 && words[0].EndsWith('.') && words[0][..^1].All(char.IsAsciiDigit) ? words[1..] : words;
            if (words.Length < 3 || Graphs.Edge.MarksOf(words[1]) is not var (atFrom, atTo))
            {
                throw source.Fault(number, $"'{text}' is no edge; write it as '1. a --> b', with one of -->, ---, <->, o->, o-o, o-- between the names.");
            }

            foreach (string name in (string[])[words[0], words[2]])
            {
                if (!parts.Contains(name))
                {
                    throw source.Fault(number, $"the edge names '{name}', which is not among the nodes; add it below '{Nodes}' or correct the name.");
                }
            }

            parts.Connect(parts.Node(words[0], number), parts.Node(words[2], number), atFrom, atTo, number);
        }
    }

    public static string Text(GraphFile file)
    {
        var names = file.Graph.Variables.Select(variable => variable.Name).ToArray();
        var text = new StringBuilder($"{Nodes}\n{string.Join(';', names)}\n\n{Type} {file.Type}\n\n{Edges}\n");
        int number = 0;
        foreach (var edge in file.Graph.Edges)
        {
            text.Append(CultureInfo.InvariantCulture, $"{++number}. {names[edge.From]} {edge.Symbol} {names[edge.To]}\n");
        }

        return text.ToString();
    }
}
