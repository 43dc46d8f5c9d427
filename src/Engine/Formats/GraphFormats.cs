using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>How a graph is laid down in a file.</summary>
public enum GraphFormat
{
    /// <summary>Ours: marks, separating sets, confidence.</summary>
    Json,

    /// <summary>Graphviz's DOT; dagitty's text is read too.</summary>
    Dot,

    /// <summary>GraphML, as networkx, igraph and others read and write it.</summary>
    GraphMl,

    /// <summary>Tetrad's text: "1. a --> b" under "Graph Edges:".</summary>
    Tetrad,

    /// <summary>causal-learn's matrix as CSV.</summary>
    CausalLearn,

    /// <summary>pcalg's matrices, amat.cpdag and amat.pag, as CSV.</summary>
    Pcalg,

    /// <summary>One edge a line as CSV: from, to.</summary>
    Edges,
}

/// <summary>Graphs in files of several formats, told apart by the name's ending, and matrices by what they hold.</summary>
public static class GraphFormats
{
    // By falling length of ending, so that graph.pcalg.csv is not taken for any .csv.
    static readonly (string Ending, GraphFormat? Format)[] Endings =
    [
        (".causal-learn.csv", GraphFormat.CausalLearn), (".pcalg.csv", GraphFormat.Pcalg), (".edges.csv", GraphFormat.Edges),
        (".graphml", GraphFormat.GraphMl), (".json", GraphFormat.Json), (".dot", GraphFormat.Dot), (".xml", GraphFormat.GraphMl),
        (".txt", null), (".csv", null), (".gv", GraphFormat.Dot),
    ];

    static readonly Dictionary<GraphFormat, string> Words = new()
    {
        [GraphFormat.Json] = "json",
        [GraphFormat.Dot] = "dot",
        [GraphFormat.GraphMl] = "graphml",
        [GraphFormat.Tetrad] = "tetrad",
        [GraphFormat.CausalLearn] = "causal-learn",
        [GraphFormat.Pcalg] = "pcalg",
        [GraphFormat.Edges] = "edges",
    };

    /// <summary>The words that name the formats, in the order of <see cref="GraphFormat"/>.</summary>
    public static IReadOnlyCollection<string> Names => Words.Values;

    /// <summary>The format of that name, or null.</summary>
    public static GraphFormat? Named(string word) => Words.Where(pair => pair.Value == word).Select(pair => (GraphFormat?)pair.Key).FirstOrDefault();

    /// <summary>The file that a graph of that format goes to: graph.json, graph.dot, graph.graphml, graph.txt, graph.pcalg.csv …</summary>
    public static string FileName(GraphFormat format) =>
        $"graph{(format == GraphFormat.Tetrad ? ".txt" : Endings.First(pair => pair.Format == format).Ending)}";

    /// <summary>Reads a graph.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">Its format, or null to tell by the name's ending and, for .txt and .csv, by what it holds.</param>
    /// <exception cref="InputException">The file is missing, no graph, or its format cannot be told.</exception>
    public static GraphFile Read(string path, GraphFormat? format = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (format is null && Array.FindIndex(Endings, pair => path.EndsWith(pair.Ending, StringComparison.OrdinalIgnoreCase)) is var at)
        {
            if (at < 0)
            {
                throw new InputException(
                    $"{path}: the name does not tell the graph's format; give it one of the endings {string.Join(", ", Endings.Select(pair => pair.Ending).Order())}, " +
                    "or say the format.");
            }

            format = Endings[at].Format;
        }

        if (format == GraphFormat.Json)
        {
            return GraphJson.Read(path);
        }

        var source = SourceText.Read(path, "a graph");
        return format switch
        {
            GraphFormat.Dot => GraphDot.Parse(source),
            GraphFormat.GraphMl => GraphMl.Parse(source),
            GraphFormat.Tetrad => GraphTetrad.Parse(source),
            GraphFormat.CausalLearn => GraphMatrix.ParseCausalLearn(source),
            GraphFormat.Pcalg => GraphMatrix.ParsePcalg(source),
            GraphFormat.Edges => GraphEdgeList.Parse(source),
            _ when path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) =>
                GraphEdgeList.Begins(source) ? GraphEdgeList.Parse(source) : GraphMatrix.Parse(source),
            _ => GraphTetrad.Begins(source) ? GraphTetrad.Parse(source) : GraphDot.Parse(source),
        };
    }

    /// <summary>Makes sure that a format can hold variables of these names.</summary>
    /// <exception cref="InputException">It cannot.</exception>
    public static void Check(GraphFormat format, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (format == GraphFormat.Tetrad && names.FirstOrDefault(name => !GraphTetrad.CanName(name)) is string name)
        {
            throw new InputException(
                $"The format tetrad cannot hold the name '{name}', since spaces, commas and semicolons end a name there; rename the column or choose another format.");
        }
    }

    /// <summary>Writes a graph.</summary>
    /// <exception cref="InputException">The format cannot hold a variable's name, or the file cannot be made.</exception>
    public static void Write(GraphFile file, string path, GraphFormat format)
    {
        ArgumentNullException.ThrowIfNull(file);
        Check(format, file.Graph.Variables.Select(variable => variable.Name));
        switch (format)
        {
            case GraphFormat.Json:
                GraphJson.Write(file, path);
                break;
            case GraphFormat.Dot:
                AtomicFile.WriteText(path, GraphDot.Text(file));
                break;
            case GraphFormat.GraphMl:
                AtomicFile.Write(path, stream => GraphMl.Write(file, stream));
                break;
            case GraphFormat.Tetrad:
                AtomicFile.WriteText(path, GraphTetrad.Text(file));
                break;
            case GraphFormat.CausalLearn:
                CsvText.Write(path, text => GraphMatrix.WriteCausalLearn(file.Graph, text));
                break;
            case GraphFormat.Pcalg:
                CsvText.Write(path, text => GraphMatrix.WritePcalg(file.Graph, text));
                break;
            default:
                CsvText.Write(path, text => GraphEdgeList.Write(file.Graph, text));
                break;
        }
    }
}
