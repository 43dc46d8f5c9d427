using CausalMixFT.Engine;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("discover", HelpText = "Discover a causal graph of a table's columns.")]
sealed class DiscoverCommand : SearchCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("target", MetaValue = "COLUMN", HelpText = "A column of classes: rows without it are left out, and the picture shows it.")]
    public string? Target { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where the graph, its picture and what else was asked for go.")]
    public string Out { get; set; } = "";

    [Option("format", Default = "json", MetaValue = "A,B", HelpText = "Formats of the graph's files: json, dot, graphml, tetrad, causal-learn, pcalg, edges.")]
    public string Format { get; set; } = "json";

    [Option("truth", MetaValue = "FILE", HelpText = "The true graph, in any of these formats, to compare with.")]
    public string? Truth { get; set; }

    public override string Example => "causalmixft discover examples/wdbc.csv --target class --out runs/wdbc";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        var discovery = Discovery();
        var formats = Formats();
        OutputPlace.CheckFolder(Out);
        var truth = Truth is null ? null : GraphFormats.Read(Truth).Graph;
        var loaded = CsvTable.Read(Table, Csv);
        var used = loaded.Informative(Target);
        if (truth is not null)
        {
            TrueGraph.Check(truth, used.Table.Columns, Algorithm);
        }

        foreach (var format in formats)
        {
            GraphFormats.Check(format, used.Table.Columns.Select(column => column.Name));
        }

        using var device = OpenDevice(terminal);
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(used.Table)}");
        terminal.Note(used.Notes);
        var options = new CausalMixOptions { Seed = Seed, Discovery = Checked(discovery, loaded, used.Table, terminal) };
        var result = terminal.Stage("Discover the graph", told => new CausalMix(device, options).Discover(used.Table, told));
        string? note = null;
        var comparison = truth is null ? null : TrueGraph.Compare(result.Graph, truth, ComparedAs.Auto, out note);
        string first = GraphFormats.FileName(formats[0]);
        OutputPlace.Fill(Out, folder =>
        {
            foreach (var format in formats)
            {
                GraphFormats.Write(GraphFile.Of(result), Path.Combine(folder, GraphFormats.FileName(format)), format);
            }

            GraphSvg.Write(result.Graph, Path.Combine(folder, "graph.svg"), Target, result.Confidence);
            if (result.Confidence is not null)
            {
                ConfidenceCsv.Write(result.Confidence, Path.Combine(folder, "confidence.csv"));
            }

            if (result.Ensemble.Count > 0)
            {
                EnsembleJson.Write(result.Ensemble, Path.Combine(folder, "ensemble.json"));
            }

            if (comparison is not null)
            {
                ComparisonJson.Write(Path.Combine(folder, "comparison.json"), comparison, Path.Combine(Out, first), Truth!, note);
            }
        });
        terminal.Note(result.Notes);
        terminal.Say($"{TaskSummary.Count(result.Graph.Edges.Count(), "edge")} by the {result.TestName} test, {result.Queries} questions");
        if (comparison is not null)
        {
            terminal.Note(note is null ? [] : [note]);
            terminal.Show(ComparisonTable.Of(comparison));
            terminal.Say(ComparisonTable.Distance(comparison));
        }

        terminal.Say($"Graph: {Path.Combine(Out, first)} and graph.svg");
    }

    GraphFormat[] Formats()
    {
        GraphFormat[] formats = [.. Names(Format).Distinct().Select(word => FormatNamed("format", word)!.Value)];
        return formats.Length > 0 ? formats : throw new InputException($"--format names no format; name one of {string.Join(", ", GraphFormats.Names)}.");
    }
}
