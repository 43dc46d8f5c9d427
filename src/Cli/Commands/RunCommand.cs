using CausalMixFT.Engine;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("run", HelpText = "All of it: from a table to a tuned model and a report.")]
sealed class RunCommand : SearchCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("target", Required = true, MetaValue = "COLUMN", HelpText = "The column to predict.")]
    public string Target { get; set; } = "";

    [Option("out", MetaValue = "DIR", HelpText = "Where results go. (default: runs/TABLE-TARGET-seedSEED)")]
    public string? Out { get; set; }

    [Option("model", MetaValue = "FILE", HelpText = "The model to start from. (default: the one that comes with the program)")]
    public string? Model { get; set; }

    [Option("synthetic-per-real", Default = 1.0, HelpText = "Synthetic rows for each real training row.")]
    public double SyntheticPerReal { get; set; }

    [Option("synthetic-validation", HelpText = "Choose the mixed arm's checkpoint by synthetic validation rows too. (Default: real ones alone)")]
    public bool SyntheticValidation { get; set; }

    [Option("steps", Default = 100, HelpText = "Most steps of fine-tuning.")]
    public int Steps { get; set; }

    [Option("learning-rate", Default = "auto", HelpText = "The largest learning rate of fine-tuning; auto tries 1e-5, 3e-5 and 1e-4, for some 1.8 times the steps.")]
    public string LearningRate { get; set; } = "";

    [Option("use", Default = SyntheticUse.Mixed, HelpText = "When synthetic rows are trained on: with real rows, before them, or alone.")]
    public SyntheticUse Use { get; set; }

    [Option("labels", Default = SyntheticLabels.Hard, HelpText = "Synthetic rows' classes: as sampled, or as likely as the un-tuned model finds them.")]
    public SyntheticLabels Labels { get; set; }

    [Option("keep", Default = KeptModel.Real, HelpText = "Whose weights model.safetensors holds: of real rows alone, or of synthetic ones too; both are scored.")]
    public KeptModel Keep { get; set; }

    [Option("memory", MetaValue = "MIB", HelpText = "Most memory of a step of fine-tuning and its validations, in MiB; smaller steps where it is short. (default: no bound)")]
    public int? Memory { get; set; }

    [Option("context", Default = 400, HelpText = "Most context rows of a step of fine-tuning: its time grows with them.")]
    public int Context { get; set; }

    [Option("max-context", Default = 1000, HelpText = "Most labelled rows that the model sees at once when it predicts.")]
    public int MaxContext { get; set; }

    [Option("context-draw", Default = ContextDraw.Rare, HelpText = ContextDrawHelp)]
    public ContextDraw ContextDraw { get; set; }

    [Option("test-share", Default = 0.2, HelpText = "Share of the rows that are held out for the scores.")]
    public double TestShare { get; set; }

    public override string Example => "causalmixft run examples/lending-club.csv --target Class";

    public override string Results => Out ?? Path.Combine("runs", $"{TableFile.NameOf(Table)}-{FileName(Target)}-seed{Seed}");

    /// <summary>The options as the engine takes them.</summary>
    internal CausalMixOptions Options()
    {
        Check(SyntheticPerReal is > 0 and <= 1000, "synthetic-per-real", SyntheticPerReal, "a number above 0, at most 1000");
        Check(MaxContext >= 4, "max-context", MaxContext, "a number from 4 on");
        Check(TestShare is > 0 and <= 0.6, "test-share", TestShare, "a share above 0, at most 0.6");
        var defaults = new CausalMixOptions();
        return defaults with
        {
            Seed = Seed,
            Discovery = Discovery(),
            SyntheticPerReal = SyntheticPerReal,
            FineTuning = Tuning(Steps, LearningRate, Context, Use, Labels, Memory),
            Prediction = defaults.Prediction with { MaxContext = MaxContext, ContextDraw = ContextDraw },
            TestShare = TestShare,
            SyntheticValidation = SyntheticValidation,
            Keep = Keep,
        };
    }

    public override void Run(Terminal terminal)
    {
        var options = Options();
        OutputPlace.CheckFolder(Results);
        var loaded = CsvTable.Read(Table, Csv);
        var model = LoadModel(Model);
        var task = ClassificationTask.From(loaded, Target, model.Config.Classes);
        var provenance = ProvenanceOf(Table);

        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(loaded.Table)}");
        terminal.Say($"Target: {TaskSummary.Classes(task)}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        terminal.Say($"Fine-tuning: at most {Steps} steps (--steps) of {Context} context rows (--context)");
        terminal.Note(task.Notes);
        options = options with { Discovery = Checked(options.Discovery, loaded, task.Table, terminal) };

        var result = terminal.Stages(told => new CausalMix(device, options).Run(task, model, told));
        RunFolder.Write(Results, result, provenance);
        terminal.Note(result.Discovery.Notes);
        terminal.Show(ScoreTable.Of(result));
        terminal.Say($"Report: {Path.Combine(Results, RunFolder.Page)}");
    }

    static string FileName(string name) => string.Concat(name.Select(letter => char.IsLetterOrDigit(letter) || letter is '_' or '.' ? letter : '-'));
}
