using System.Globalization;
using CausalMixFT.Engine;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("finetune", HelpText = "Fine-tune a model on a table, and on synthetic rows of it.")]
sealed class FineTuneCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("target", Required = true, MetaValue = "COLUMN", HelpText = "The column to predict.")]
    public string Target { get; set; } = "";

    [Option("synthetic", MetaValue = "FILE", HelpText = "Synthetic rows with the same columns, as sample writes them.")]
    public string? Synthetic { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where model.safetensors and finetune.json go.")]
    public string Out { get; set; } = "";

    [Option("model", MetaValue = "FILE", HelpText = "The model to start from. (default: the one that comes with the program)")]
    public string? Model { get; set; }

    [Option("steps", Default = 100, HelpText = "Most steps.")]
    public int Steps { get; set; }

    [Option("learning-rate", Default = "auto", HelpText = "The largest learning rate; auto tries 1e-5, 3e-5 and 1e-4, for some 1.8 times the steps.")]
    public string LearningRate { get; set; } = "";

    [Option("use", Default = SyntheticUse.Mixed, HelpText = "When synthetic rows are trained on: with real rows, before them, or alone.")]
    public SyntheticUse Use { get; set; }

    [Option("labels", Default = SyntheticLabels.Hard, HelpText = "Synthetic rows' classes: as sampled, or as likely as the un-tuned model finds them.")]
    public SyntheticLabels Labels { get; set; }

    [Option("memory", MetaValue = "MIB", HelpText = "Most memory of a step of fine-tuning and its validations, in MiB; smaller steps where it is short. (default: no bound)")]
    public int? Memory { get; set; }

    [Option("context", Default = 400, HelpText = "Most context rows of a step: its time grows with them.")]
    public int Context { get; set; }

    [Option("test-share", Default = 0.0, HelpText = "Share of the rows to leave alone, the same rows that run holds out with this seed and share.")]
    public double TestShare { get; set; }

    public override string Example => "causalmixft finetune examples/wdbc.csv --target class --synthetic synthetic.csv --out runs/tuned";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        var tuning = Tuning(Steps, LearningRate, Context, Use, Labels, Memory);
        Check(TestShare is >= 0 and <= 0.6, "test-share", TestShare, "a share from 0 to 0.6");
        Check(Synthetic is not null || Use == SyntheticUse.Mixed, "use", Use, "synthetic rows to use so, with --synthetic FILE,");
        Check(Synthetic is not null || Labels == SyntheticLabels.Hard, "labels", Labels, "synthetic rows to label so, with --synthetic FILE,");
        OutputPlace.CheckFolder(Out);
        var model = LoadModel(Model);
        var task = ClassificationTask.From(CsvTable.Read(Table, Csv), Target, model.Config.Classes);
        var synthetic = Synthetic is null ? null : CsvTable.ReadLike(Synthetic, task.Table);
        var provenance = ProvenanceOf(Table);
        var options = new CausalMixOptions
        {
            Seed = Seed,
            TestShare = TestShare,
            FineTuning = tuning,
        };

        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Say($"Target: {TaskSummary.Classes(task)}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        terminal.Note(task.Notes.Concat(synthetic?.Notes ?? []));
        var mix = new CausalMix(device, options);
        var split = mix.Split(task);
        var result = terminal.Stage("Fine-tune", told => mix.FineTune(model, task, split, synthetic?.Table, progress: told));
        FineTuneFolder.Write(Out, result, options, task, split, synthetic?.Table.Rows ?? 0, device.Name, provenance);
        terminal.Say($"Steps: {TaskSummary.Steps(result.Plan!)}");
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Learning rate: {result.LearningRate:0.##e0}"));
        terminal.Say($"Kept: step {result.BestStep} of {result.History[^1].Step}");
        terminal.Say($"Model: {Path.Combine(Out, "model.safetensors")}");
    }
}
