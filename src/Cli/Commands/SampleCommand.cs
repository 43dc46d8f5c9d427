using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("sample", HelpText = "Sample synthetic rows from a structural causal model.")]
sealed class SampleCommand : Command
{
    [Value(0, MetaName = "MODEL", Required = true, HelpText = "A scm.json, as fit and run write it.")]
    public string Model { get; set; } = "";

    [Option("rows", Required = true, HelpText = "How many rows.")]
    public long Rows { get; set; }

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The .csv or .csv.gz file to write.")]
    public string Out { get; set; } = "";

    public override string Example => "causalmixft sample runs/wdbc/scm.json --rows 100000 --out synthetic.csv";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        Check(Rows > 0, "rows", Rows, "a number from 1 on");
        OutputPlace.CheckFile(Out);
        var scm = ScmJson.Read(Model);
        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Stage("Sample rows", told =>
        {
            CsvTable.WriteBlocks(new CausalMix(device, new CausalMixOptions { Seed = Seed }).SampleBlocks(scm, Rows, told), Out);
            return Rows;
        });
        terminal.Say($"Rows: {Out}");
    }
}
