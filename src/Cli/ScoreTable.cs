using System.Globalization;
using CausalMixFT.Engine;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Formats;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>Scores as tables on the terminal.</summary>
static class ScoreTable
{
    /// <summary>A run's arms and their scores on the test rows.</summary>
    public static Table Of(RunResult result)
    {
        var table = New("Test rows", "ROC-AUC", "AUPRC", "log-loss");
        foreach (string score in (string[])["F1 rarest", "balanced"])
        {
            foreach (string threshold in (string[])["0.5", "prior", "tuned"])
            {
                table.AddColumn(new TableColumn($"{score}\n{threshold}").RightAligned());
            }
        }

        foreach (var arm in result.Arms)
        {
            var scores = arm.Test;
            LabelScores[] rules = [scores.Half, scores.Prior, scores.Tuned];
            table.AddRow([
                Markup.Escape(arm.Name), Cell(scores.RocAuc), Cell(scores.AveragePrecision), Cell(scores.LogLoss),
                .. rules.Select(rule => Cell(rule.F1Minority)), .. rules.Select(rule => Cell(rule.BalancedAccuracy))]);
        }

        return table;
    }

    /// <summary>The tables of an evaluation, and the mean of them all.</summary>
    public static Table Of(IReadOnlyList<TableScores> tables)
    {
        var table = New("Table", "rows", "classes", "splits", "mean ROC-AUC", "seconds");
        foreach (var scores in tables.Where(scores => scores.Task is not null))
        {
            table.AddRow(
                Markup.Escape(scores.Name), Whole(scores.Task!.Rows), Whole(scores.Task.ClassNames.Count), Whole(scores.Splits.Count),
                Cell(scores.RocAuc), scores.Seconds.ToString("0.0", CultureInfo.InvariantCulture));
        }

        return table;
    }

    static Table New(string first, params string[] others)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(first);
        foreach (string name in others)
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        return table;
    }

    static string Cell(double value) => double.IsNaN(value) ? "–" : value.ToString("0.000", CultureInfo.InvariantCulture);

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
