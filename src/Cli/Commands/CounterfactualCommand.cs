using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("counterfactual", HelpText = "Tell what given rows would have been, had columns been set.")]
sealed class CounterfactualCommand : Command
{
    [Value(0, MetaName = "MODEL", Required = true, HelpText = "A scm.json, as fit and run write it.")]
    public string Model { get; set; } = "";

    [Value(1, MetaName = "ROWS", Required = true, HelpText = "A .csv or .csv.gz file with the model's columns.")]
    public string Rows { get; set; } = "";

    [Option("do", Required = true, MetaValue = "COLUMN=VALUE", HelpText = "What is set, such as \"treatment=1 and dose=2\".")]
    public string Do { get; set; } = "";

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The .csv or .csv.gz file to write.")]
    public string Out { get; set; } = "";

    public override string Example => "causalmixft counterfactual runs/wdbc/scm.json examples/wdbc.csv --do \"mean_radius=12\" --out what-if.csv";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        OutputPlace.CheckFile(Out);
        var scm = ScmJson.Read(Model);
        var rows = CsvTable.ReadLike(Rows, scm.EmptyTable());
        using var device = OpenDevice(terminal);
        terminal.Note(rows.Notes);
        var result = new CausalMix(device, new CausalMixOptions { Seed = Seed }).Counterfactuals(scm, rows.Table, Do);
        CsvTable.Write(result.Table, Out);
        terminal.Say(result.Changed.Count == 0
            ? "No other column is caused by what was set."
            : $"Computed anew: {string.Join(", ", result.Changed)}");
        terminal.Note(result.Drawn.Count == 0
            ? []
            : [$"Rows do not tell all of the noise of {string.Join(", ", result.Drawn)}; the rest was drawn by the seed."]);
        terminal.Say($"Rows: {Out}");
    }
}
