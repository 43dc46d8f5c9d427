using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>A graph as one edge a line of CSV.</summary>
/// <remarks>
/// Header <c>from,to</c>: each edge is directed, and one each way is an undirected edge, as bnlearn's arcs() has it. A DAG is
/// written so. Other graphs have two columns more, <c>atFrom,atTo</c>, with tail, arrow or circle. A variable without edges
/// is a line with an empty <c>to</c>.
/// </remarks>
static class GraphEdgeList
{
    static readonly string[] Marks = ["tail", "arrow", "circle"];

    public static bool Begins(SourceText source) =>
        CsvRows.Read(source).FirstOrDefault() is { Cells: [var from, var to, ..] } && Is(from, "from") && Is(to, "to");

    public static GraphFile Parse(SourceText source)
    {
        var rows = CsvRows.Read(source);
        bool marked = rows.Count > 0 && rows[0].Cells is [_, _, var third, var fourth] && Is(third, "atFrom") && Is(fourth, "atTo");
        int width = marked ? 4 : 2;
        if (!Begins(source) || rows[0].Cells.Length != width)
        {
            throw source.Fault(1, "an edge list begins with the header from,to, or from,to,atFrom,atTo; add it, or say the format the file has.");
        }

        var parts = new GraphParts(source);
        foreach (var (line, cells) in rows.Skip(1))
        {
            if (cells.Length != width)
            {
                throw source.Fault(line, $"the line has {cells.Length} cells, but the header has {width}; correct it.");
            }

            int from = parts.Node(cells[0], line);
            if (cells[1].Length > 0)
            {
                parts.Connect(
                    from, parts.Node(cells[1], line), marked ? Mark(cells[2], line) : Endpoint.Tail, marked ? Mark(cells[3], line) : Endpoint.Arrow, line);
            }
        }

        return parts.ToFile();

        Endpoint Mark(string text, int line)
        {
            int at = Array.IndexOf(Marks, text);
            return at >= 0 ? (Endpoint)at : throw source.Fault(line, $"the mark is '{text}', but tail, arrow or circle was expected; correct it.");
        }
    }

    public static void Write(CausalGraph graph, TextWriter text)
    {
        bool marked = graph is not Dag;
        CsvText.WriteRow(text, marked ? ["from", "to", "atFrom", "atTo"] : ["from", "to"]);
        foreach (var edge in graph.Edges)
        {
            string[] pair = [graph.Variables[edge.From].Name, graph.Variables[edge.To].Name];
            CsvText.WriteRow(text, marked ? [.. pair, Marks[(int)edge.AtFrom], Marks[(int)edge.AtTo]] : pair);
        }

        foreach (var variable in graph.Variables.Where(variable => graph.Adjacent(variable.Index).Count == 0))
        {
            CsvText.WriteRow(text, marked ? [variable.Name, "", "", ""] : [variable.Name, ""]);
        }
    }

    static bool Is(string cell, string word) => cell.Equals(word, StringComparison.OrdinalIgnoreCase);
}
