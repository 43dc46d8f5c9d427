using CausalMixFT.Engine;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("discover", HelpText = "Discover a causal graph of a table's columns.")]
sealed class DiscoverCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("target", MetaValue = "COLUMN", HelpText = "A column of classes: rows without it are left out, and the picture shows it.")]
    public string? Target { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where graph.json and graph.svg go.")]
    public string Out { get; set; } = "";

    [Option("test", Default = TestChoice.Auto, HelpText = "The independence test: auto, fisherz, gsquared, chisquare or mixed; auto chooses by the columns' kinds.")]
    public TestChoice Test { get; set; }

    [Option("alpha", Default = 0.01, HelpText = "Level of significance of the independence tests.")]
    public double Alpha { get; set; }

    [Option("max-depth", Default = 3, HelpText = "Most variables given in one independence test.")]
    public int MaxDepth { get; set; }

    public override string Example => "causalmixft discover examples/wdbc.csv --target class --out runs/wdbc";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        Check(Alpha is > 0 and < 1, "alpha", Alpha, "a number between 0 and 1");
        Check(MaxDepth >= 0, "max-depth", MaxDepth, "a number from 0 on");
        OutputPlace.CheckFolder(Out);
        var loaded = CsvTable.Read(Table, Csv).Informative(Target);

        using var device = OpenDevice(terminal);
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(loaded.Table)}");
        terminal.Note(loaded.Notes);
        var options = new CausalMixOptions
        {
            Seed = Seed,
            Discovery = new DiscoveryOptions { Alpha = Alpha, MaxDepth = MaxDepth, Test = Test },
        };
        var result = terminal.Stage("Discover the graph", told => new CausalMix(device, options).Discover(loaded.Table, told));
        OutputPlace.Fill(Out, folder =>
        {
            GraphJson.Write(result, Path.Combine(folder, "graph.json"));
            GraphSvg.Write(result.Graph, Path.Combine(folder, "graph.svg"), Target);
        });
        terminal.Note(result.Notes);
        terminal.Say($"{TaskSummary.Count(result.Graph.Edges.Count(), "edge")} by the {result.TestName} test, {result.Queries} questions");
        terminal.Say($"Graph: {Path.Combine(Out, "graph.json")} and graph.svg");
    }
}
