using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Scm;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("fit", HelpText = "Fit a structural causal model to a table and its graph, or one to each graph of an ensemble.")]
sealed class FitCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("graph", Required = true, MetaValue = "FILE", HelpText = "The graph: graph.json or ensemble.json as discover writes them, or dot, graphml, Tetrad's text, or a matrix or list of edges as csv.")]
    public string Graph { get; set; } = "";

    [Option("format", MetaValue = "NAME", HelpText = "The graph's format: json, dot, graphml, tetrad, causal-learn, pcalg, edges. (default: by the name's ending)")]
    public string? Format { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where scm.json goes.")]
    public string Out { get; set; } = "";

    [Option("no-trees", HelpText = "Try no boosted trees as mechanisms. (Default: where they predict left-out rows better)")]
    public bool NoTrees { get; set; }

    public override string Example => "causalmixft fit examples/wdbc.csv --graph runs/wdbc/graph.json --out runs/wdbc";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        OutputPlace.CheckFolder(Out);
        var graphs = DagFile.Read(Graph, FormatNamed("format", Format), out var graphNotes);
        var loaded = CsvTable.Read(Table, Csv);

        using var device = OpenDevice(terminal);
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(loaded.Table)}");
        terminal.Note(loaded.Notes.Concat(graphNotes));
        var options = new CausalMixOptions { Seed = Seed, Scm = Scm() };
        var models = terminal.Stage(
            "Fit the mechanisms", told => new CausalMix(device, options).Fit(loaded.Table, graphs, told));
        string file = Path.Combine(Out, "scm.json");
        ScmJson.Write(file, models);
        terminal.Note(models.SelectMany(scm => scm.Nodes).Where(node => node.Fit.Note.Length > 0)
            .Select(node => $"{node.Name}: {node.Fit.Note}").Distinct());
        terminal.Show(MechanismTable.Of(models[0]));
        terminal.Say(models.Count == 1 ? $"Model: {file}" : $"Models: {file}, one for each of {models.Count} graphs; the table shows the first's");
    }

    ScmOptions Scm()
    {
        var defaults = new ScmOptions();
        return defaults with { Boosting = NoTrees ? null : defaults.Boosting };
    }
}
