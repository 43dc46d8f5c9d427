using System.Globalization;
using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("pretrain", HelpText = "Train a model from nothing, on tables drawn from random structural causal models.")]
sealed class PretrainCommand : Command
{
    // A check takes seconds, not minutes.
    const int MostRows = 1000;

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where model.safetensors, its log and checkpoints go; the same command continues there.")]
    public string Out { get; set; } = "";

    [Option("steps", Default = 3000, HelpText = "Optimiser steps. A stopped run may be given more, if its learning rate had not begun to fall.")]
    public int Steps { get; set; }

    [Option("tokens", Default = 16_000, HelpText = "Cells in a batch.")]
    public int Tokens { get; set; }

    [Option("batches", Default = 2, HelpText = "Batches, each of its own shape, in a step.")]
    public int Batches { get; set; }

    [Option("optimizer", Default = "muon", MetaValue = "NAME", HelpText = "muon for the layers' matrices and AdamW for the rest, or adamw for all.")]
    public string Optimizer { get; set; } = "";

    [Option("schedule", Default = "trapezoid", MetaValue = "NAME", HelpText = "How the learning rate falls: cosine, linear, trapezoid (over the last fifth) or constant.")]
    public string Schedule { get; set; } = "";

    [Option("snapshots", Default = 10, MetaValue = "N", HelpText = "Average the weights of this many snapshots, one every 50 steps. (0: none)")]
    public int Snapshots { get; set; }

    [Option("learning-rate", Default = 1e-3f, HelpText = "The largest learning rate.")]
    public float LearningRate { get; set; }

    [Option("config", Default = "base", MetaValue = "NAME", HelpText = "The model: base, which comes with the program, or nano (nanoTabPFN's).")]
    public string Config { get; set; } = "";

    [Option("width", HelpText = "Elements of a token. (default: the model's)")]
    public int? Width { get; set; }

    [Option("heads", HelpText = "Attention heads; they divide the width. (default: the model's)")]
    public int? Heads { get; set; }

    [Option("hidden", HelpText = "Hidden elements of each layer's perceptron. (default: the model's)")]
    public int? Hidden { get; set; }

    [Option("layers", HelpText = "Layers. (default: the model's)")]
    public int? Layers { get; set; }

    [Option("check-every", Default = 50, HelpText = "Steps between checks on held-out tables, when files are written.")]
    public int CheckEvery { get; set; }

    [Option("check", MetaValue = "FOLDER", HelpText = "Score each check's model on these real tables too; NAME.json beside NAME.csv names its target.")]
    public string? RealTables { get; set; }

    public override string Example => "causalmixft pretrain --steps 3000 --out runs/pretrain";

    public override string Results => Out;

    public override string AfterStop => "the same command continues from the last check.";

    /// <summary>The options as the engine takes them.</summary>
    internal PretrainOptions Options()
    {
        Check(Steps >= 1, "steps", Steps, "a number from 1 on");
        Check(Tokens >= 1000, "tokens", Tokens, "a number from 1000 on");
        Check(LearningRate is > 0 and < 1, "learning-rate", LearningRate, "a number between 0 and 1");
        var preset = ModelPresets.Named(Config) ?? throw new InputException(
            $"--config is '{Config}', but {string.Join(" and ", ModelPresets.Names)} are the models there are.");
        var model = preset with
        {
            Width = Width ?? preset.Width,
            Heads = Heads ?? preset.Heads,
            Hidden = Hidden ?? preset.Hidden,
            Layers = Layers ?? preset.Layers,
        };
        Check(model.Width is >= 1 and <= 4096, "width", model.Width, "a number from 1 to 4096");
        Check(model.Heads >= 1 && model.Width % model.Heads == 0, "heads", model.Heads, $"a divisor of the width {model.Width}");
        Check(model.Hidden is >= 1 and <= 4096, "hidden", model.Hidden, "a number from 1 to 4096");
        Check(model.Layers is >= 1 and <= 100, "layers", model.Layers, "a number from 1 to 100");
        Check(Batches is >= 1 and <= 1000, "batches", Batches, "a number from 1 to 1000");
        Check(Optimizer is "muon" or "adamw", "optimizer", Optimizer, "muon or adamw");
        Check(Snapshots is >= 0 and <= 100, "snapshots", Snapshots, "a number from 0 to 100");
        if (!Enum.TryParse<LearningRateShape>(Schedule, ignoreCase: true, out var schedule) || int.TryParse(Schedule, out _))
        {
            throw new InputException($"--schedule is '{Schedule}', but cosine, linear, trapezoid and constant are what there is.");
        }

        Check(CheckEvery >= 1, "check-every", CheckEvery, "a number from 1 on");
        return new()
        {
            Model = model,
            Seed = Seed,
            Steps = Steps,
            TokensPerStep = Tokens,
            BatchesPerStep = Batches,
            Muon = Optimizer == "muon",
            Schedule = schedule,
            SnapshotEvery = Snapshots == 0 ? 0 : 50,
            Snapshots = Snapshots == 0 ? new PretrainOptions().Snapshots : Snapshots,
            LearningRate = LearningRate,
            CheckEvery = CheckEvery,
        };
    }

    public override void Run(Terminal terminal)
    {
        var options = Options();
        OutputPlace.CheckFolder(Out);
        ClassificationTask[] tasks = RealTables is null
            ? [] : [.. TableFile.In(RealTables).Select(file => Task(file, options.Model.Classes))];
        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        var mix = new CausalMix(device, new CausalMixOptions());
        terminal.Stage("Pre-train", told => PretrainRun.Run(
            device, options, Out, check => terminal.Say(Line(check)),
            tasks.Length == 0 ? null : model => MeanAuc(mix, model, tasks), told, terminal.Cancellation));
        terminal.Say($"Model: {Path.Combine(Out, "model.safetensors")}");
    }

    static ClassificationTask Task(string file, int mostClasses)
    {
        var beside = TableFile.Description(file);
        string target = beside.Target ?? throw new InputException(
            $"{file}: no target is known; name it in a file {TableFile.NameOf(file)}.json beside the table.");
        return ClassificationTask.From(CsvTable.Read(file, beside.Csv), target, mostClasses).Subset(MostRows, seed: 0);
    }

    // The same split of each table at every check and in every run, so that checks differ by the model alone.
    static double MeanAuc(CausalMix mix, TabularModel model, ClassificationTask[] tasks) => tasks
        .Select(task => mix.EvaluateSplits(model, task, splits: 1)[0].Arm.Test.RocAuc)
        .Where(double.IsFinite)
        .DefaultIfEmpty(double.NaN)
        .Average();

    static string Line(PretrainCheck check) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {check.Step}: loss {check.TrainLoss:0.0000}, held out {check.HeldOutLoss:0.0000} " +
        $"(shares alone {check.HeldOutEntropy:0.0000}), accuracy {check.HeldOutAccuracy:0.000}, {Real(check.RealAuc)}{check.Seconds:0} s");

    static string Real(double? auc) =>
        auc is double known ? string.Create(CultureInfo.InvariantCulture, $"real tables' AUC {known:0.0000}, ") : "";
}
