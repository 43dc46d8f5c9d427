using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("predict", HelpText = "Predict the class of new rows, or with a regressor their number.")]
sealed class PredictCommand : TableCommand
{
    [Value(0, MetaName = "TABLE", Required = true, HelpText = "Rows to predict; a target column in it is not read.")]
    public string Table { get; set; } = "";

    [Option("context", Required = true, MetaValue = "FILE", HelpText = "A table of labelled rows, which the model reads as its examples.")]
    public string Context { get; set; } = "";

    [Option("target", Required = true, MetaValue = "COLUMN", HelpText = "The column to predict.")]
    public string Target { get; set; } = "";

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The .csv or .csv.gz file to write: row, class and probabilities, or mean, median and quantiles.")]
    public string Out { get; set; } = "";

    [Option("model", MetaValue = "FILE", HelpText = "The model. (default: the one that comes with the program)")]
    public string? Model { get; set; }

    [Option("max-context", Default = 1000, HelpText = "Most labelled rows that the model sees at once.")]
    public int MaxContext { get; set; }

    [Option("context-draw", Default = ContextDraw.Rare, HelpText = ContextDrawHelp)]
    public ContextDraw ContextDraw { get; set; }

    public override string Example => "causalmixft predict new.csv --context examples/churn.csv --target churn --out predictions.csv";

    public override string Results => Out;

    CausalMixOptions Options => new() { Seed = Seed, Prediction = new() { MaxContext = MaxContext, ContextDraw = ContextDraw } };

    public override void Run(Terminal terminal)
    {
        Check(MaxContext >= 4, "max-context", MaxContext, "a number from 4 on");
        OutputPlace.CheckFile(Out);
        var model = LoadAnyModel(Model);
        int rows = model.Traits.Task == ModelTask.Regression ? PredictNumbers(model, terminal) : PredictClasses(model, terminal);
        terminal.Say($"Predictions: {Out}, {TaskSummary.Count(rows, "row")}");
    }

    int PredictClasses(TabularModel model, Terminal terminal)
    {
        var task = ClassificationTask.From(CsvTable.Read(Context, Csv), Target, model.Config.Classes);
        var rows = CsvTable.ReadLike(Table, task.Features);

        using var device = OpenDevice(terminal);
        terminal.Say($"Context: {Context}, {TaskSummary.Shape(task.Table)}");
        terminal.Say($"Target: {TaskSummary.Classes(task)}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        terminal.Note(task.Notes.Concat(rows.Notes));
        float[] probabilities = terminal.Stage("Predict", told => new CausalMix(device, Options).Predict(model, task, rows.Table, told));
        PredictionsCsv.WriteNew(task, probabilities, Out);
        return rows.Table.Rows;
    }

    int PredictNumbers(TabularModel model, Terminal terminal)
    {
        var task = RegressionTask.From(CsvTable.Read(Context, Csv), Target);
        var rows = CsvTable.ReadLike(Table, task.Features);

        using var device = OpenDevice(terminal);
        terminal.Say($"Context: {Context}, {TaskSummary.Shape(task.Features)}");
        terminal.Say($"Target: {TaskSummary.Numbers(task)}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        terminal.Note(task.Notes.Concat(rows.Notes));
        var numbers = terminal.Stage("Predict", told => new CausalMix(device, Options).Predict(model, task, rows.Table, told));
        PredictionsCsv.WriteNumbers(numbers, Out);
        return rows.Table.Rows;
    }
}
