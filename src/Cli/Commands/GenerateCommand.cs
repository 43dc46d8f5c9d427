using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("generate", HelpText = "Draw synthetic rows of a table with one of many generators.")]
sealed class GenerateCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("target", Required = true, MetaValue = "COLUMN", HelpText = "The column of classes.")]
    public string Target { get; set; } = "";

    [Option("with", Required = true, MetaValue = "NAME", HelpText = "The generator, options after it, such as \"diffusion steps=500\" (docs/generators.md): bootstrap, under-sampling, smoothed-bootstrap, noise-swap, mixup, smote, smote-nc, borderline-smote, adasyn, copula, forest, diffusion, tvae, ctgan, energy, scm, scm-ensemble.")]
    public string With { get; set; } = "";

    [Option("rows", Required = true, HelpText = "How many rows.")]
    public int Rows { get; set; }

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The .csv or .csv.gz file to write.")]
    public string Out { get; set; } = "";

    [Option("class-share", MetaValue = "COLUMN:LEVEL=SHARE", HelpText = "The share of a class, such as \"churn:yes=0.5\"; of two classes, \"churn=0.5\" is the rarer; several are joined by and. (default: as in the table)")]
    public string? ClassShares { get; set; }

    [Option("balance", HelpText = "Give all classes equal shares.")]
    public bool Balance { get; set; }

    public override string Example => "causalmixft generate examples/wdbc.csv --target class --with smote --rows 1000 --balance --out synthetic.csv";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        Check(Rows > 0, "rows", Rows, "a number from 1 on");
        if (Balance && ClassShares is not null)
        {
            throw new InputException("Give class shares or --balance, not both: equal shares are class shares too.");
        }

        OutputPlace.CheckFile(Out);
        var task = ClassificationTask.From(CsvTable.Read(Table, Csv), Target);
        int[] counts = Balance ? ClassCounts.Balanced(task, Rows)
            : ClassShares is null ? ClassCounts.Natural(task, Rows)
            : ClassCounts.ByShares(task, Rows, ClassShares.Split(" and ", StringSplitOptions.TrimEntries));

        using var device = OpenDevice(terminal);
        var generator = GeneratorCatalog.Named(With, device);
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(task.Table)}");
        terminal.Say($"Seed: {Seed}");
        terminal.Note(task.Notes);
        var fitted = terminal.Stage($"Learn with {generator.Name}", told => generator.Fit(task, Seed, told, terminal.Cancellation));
        var rows = terminal.Stage("Draw rows", told => fitted.Sample(counts, Seed, told, terminal.Cancellation));
        CsvTable.WriteBlocks([rows], Out, Threads);
        terminal.Say($"Rows: {Out}, {string.Join(", ", counts.Select((count, k) => $"{count} of class {task.ClassNames[k]}"))}");
    }
}
