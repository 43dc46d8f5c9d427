using System.Diagnostics;
using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("evaluate", HelpText = "Score a model on several splits of a table, or of all tables in a folder; or judge synthetic rows.")]
sealed partial class EvaluateCommand : TableCommand
{
    [Value(0, MetaName = "TABLE-OR-FOLDER", Required = true, HelpText = "A table, or a folder of tables; NAME.json beside NAME.csv may name its target.")]
    public string Table { get; set; } = "";

    [Option("target", MetaValue = "COLUMN", HelpText = "The column to predict. (default: what the file beside the table says)")]
    public string? Target { get; set; }

    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where scores.json, scores.csv and predictions/NAME.csv go; or quality.html, quality.json and pictures.")]
    public string Out { get; set; } = "";

    [Option("synthetic", MetaValue = "FILE", HelpText = "Judge these rows, made by a generator that was trained on TABLE, instead of scoring a model.")]
    public string? Synthetic { get; set; }

    [Option("holdout", MetaValue = "FILE", HelpText = "With --synthetic: real rows that the generator was not trained on.")]
    public string? Holdout { get; set; }

    [Option("graph", MetaValue = "FILE", HelpText = "With --synthetic: the causal graph they were sampled by, to see if TABLE contradicts it.")]
    public string? Graph { get; set; }

    [Option("model", MetaValue = "FILE", HelpText = "The model. (default: the one that comes with the program)")]
    public string? Model { get; set; }

    [Option("splits", Default = 5, HelpText = "Splits of each table.")]
    public int Splits { get; set; }

    [Option("max-context", Default = 1000, HelpText = "Most labelled rows that the model sees at once.")]
    public int MaxContext { get; set; }

    [Option("context-draw", Default = ContextDraw.Rare, HelpText = ContextDrawHelp)]
    public ContextDraw ContextDraw { get; set; }

    [Option("max-rows", HelpText = "Most rows of a table; of more, a stratified draw is used. (default: all)")]
    public int? MaxRows { get; set; }

    public override string Example => "causalmixft evaluate examples/wdbc.csv --target class --out runs/scores";

    public override string Results => Out;

    public override string AfterStop => Synthetic is null ? $"tables that were done are in {Out}." : base.AfterStop;

    public override void Run(Terminal terminal)
    {
        CheckOptions();
        if (Synthetic is not null)
        {
            OutputPlace.CheckFolder(Out);
            JudgeSynthetic(terminal);
            return;
        }

        Check(Splits is >= 1 and <= 1000, "splits", Splits, "a number from 1 to 1000");
        Check(MaxContext >= 4, "max-context", MaxContext, "a number from 4 on");
        Check(MaxRows is null or >= 10, "max-rows", MaxRows, "a number from 10 on");
        OutputPlace.CheckFolder(Out);
        var files = TableFile.In(Table);
        var model = LoadModel(Model);
        var started = TimeProvider.System.GetLocalNow();
        var options = new CausalMixOptions { Seed = Seed, Prediction = new PredictionOptions { MaxContext = MaxContext, ContextDraw = ContextDraw } };

        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        var mix = new CausalMix(device, options);
        var scores = new List<TableScores>();
        foreach (string file in files)
        {
            var table = Score(terminal, mix, model, file, alone: !Directory.Exists(Table));
            scores.Add(table);
            if (table.Task is not null)
            {
                ScoresFolder.WritePredictions(Out, table);
            }

            // After each table, so that hours of work survive a fault in the last one.
            ScoresFolder.WriteScores(Out, scores, options, model.Origin, device.Name, Line(Args), started);
        }

        terminal.Show(ScoreTable.Of(scores));
        terminal.Say($"Scores: {Path.Combine(Out, "scores.csv")} and scores.json; probabilities in predictions/");
    }

    TableScores Score(Terminal terminal, CausalMix mix, TabularModel model, string file, bool alone)
    {
        string name = TableFile.NameOf(file);
        var clock = Stopwatch.StartNew();
        try
        {
            var task = Task(file, model.Config.Classes);
            terminal.Say($"{name}: {TaskSummary.Shape(task.Table)}; {TaskSummary.Classes(task)}");
            terminal.Note(task.Notes);
            var splits = terminal.Stage($"Score {name}", told => mix.EvaluateSplits(model, task, Splits, told));
            return new(name, task, splits, clock.Elapsed.TotalSeconds, null);
        }
        catch (InputException fault) when (!alone)
        {
            terminal.Say($"Left out: {name}: {fault.Message}");
            return new(name, null, [], clock.Elapsed.TotalSeconds, fault.Message);
        }
    }

    ClassificationTask Task(string file, int mostClasses)
    {
        var beside = TableFile.Description(file);
        string target = Target ?? beside.Target ?? throw new InputException(
            $"{file}: no target is known; name it with --target, or in a file {TableFile.NameOf(file)}.json beside the table.");
        var task = ClassificationTask.From(CsvTable.Read(file, beside.Csv.And(Csv)), target, mostClasses);
        return MaxRows is int most ? task.Subset(most, Seed) : task;
    }
}
