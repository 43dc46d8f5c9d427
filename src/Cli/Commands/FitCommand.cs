using CausalMixFT.Engine;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("fit", HelpText = "Fit a structural causal model to a table and its graph.")]
sealed class FitCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("graph", Required = true, MetaValue = "FILE", HelpText = "The graph: graph.json as discover writes it, or dot, graphml, Tetrad's text, or a matrix or list of edges as csv.")]
    public string Graph { get; set; } = "";

    [Option("format", MetaValue = "NAME", HelpText = "The graph's format: json, dot, graphml, tetrad, causal-learn, pcalg, edges. (default: by the name's ending)")]
    public string? Format { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where scm.json goes.")]
    public string Out { get; set; } = "";

    public override string Example => "causalmixft fit examples/wdbc.csv --graph runs/wdbc/graph.json --out runs/wdbc";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        OutputPlace.CheckFolder(Out);
        var graph = DagExtension.Of(GraphFormats.Read(Graph, FormatNamed("format", Format)).Graph, out var graphNotes);
        var loaded = CsvTable.Read(Table, Csv);

        using var device = OpenDevice(terminal);
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(loaded.Table)}");
        terminal.Note(loaded.Notes.Concat(graphNotes));
        var scm = terminal.Stage(
            "Fit the mechanisms", told => new CausalMix(device, new CausalMixOptions { Seed = Seed }).Fit(loaded.Table, graph, told));
        string file = Path.Combine(Out, "scm.json");
        ScmJson.Write(file, scm);
        terminal.Note(scm.Nodes.Where(node => node.Fit.Note.Length > 0).Select(node => $"{node.Name}: {node.Fit.Note}"));
        terminal.Say($"Model: {file}");
    }
}
