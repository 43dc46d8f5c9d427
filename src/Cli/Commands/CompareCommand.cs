using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("compare", HelpText = "Tell how far a graph is from the true one.")]
sealed class CompareCommand : Command
{
    [Value(0, MetaName = "FOUND", Required = true, HelpText = "The graph that was found: json, dot, graphml, Tetrad's text, or a matrix or list of edges as csv.")]
    public string Found { get; set; } = "";

    [Value(1, MetaName = "TRUTH", Required = true, HelpText = "The true graph.")]
    public string Truth { get; set; } = "";

    [Option("found-format", MetaValue = "NAME", HelpText = "Its format: json, dot, graphml, tetrad, causal-learn, pcalg, edges. (default: by the name's ending)")]
    public string? FoundFormat { get; set; }

    [Option("truth-format", MetaValue = "NAME", HelpText = "The same for the true graph.")]
    public string? TruthFormat { get; set; }

    [Option("as", Default = ComparedAs.Auto, HelpText = "Turn DAGs into cpdag or pag first; given compares as they are, auto turns a true DAG into what was found. As pag, variables that FOUND lacks are hidden.")]
    public ComparedAs As { get; set; }

    [Option("json", HelpText = "Print JSON instead of a table.")]
    public bool Json { get; set; }

    public override string Example => "causalmixft compare runs/sachs/graph.json sachs.edges.csv";

    public override void Run(Terminal terminal)
    {
        var found = GraphFormats.Read(Found, FormatNamed("found-format", FoundFormat)).Graph;
        var truth = GraphFormats.Read(Truth, FormatNamed("truth-format", TruthFormat)).Graph;
        var comparison = TrueGraph.Compare(found, truth, As, out string? note);
        if (Json)
        {
            terminal.Say(ComparisonJson.Text(comparison, Found, Truth, note));
            return;
        }

        terminal.Note(note is null ? [] : [note]);
        terminal.Show(ComparisonTable.Of(comparison));
        terminal.Say(ComparisonTable.Distance(comparison));
    }
}
