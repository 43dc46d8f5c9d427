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
        // Fits 80 columns.
        var table = New("Test rows", ["ROC-\nAUC", "AUPRC", "log-\nloss", .. Rules("F1"), .. Rules("bal.")]);
        table.Caption = new TableTitle("F1 of the rarest class, balanced accuracy; threshold 0.5, prior, tuned");
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

    /// <summary>What was measured of synthetic rows, and of fresh real ones beside.</summary>
    public static Table Of(SyntheticQuality quality)
    {
        var table = New("Measure", "synthetic", "real", "ideal");
        Add("column shapes", quality.ShapeScore, quality.ShapeScoreOfHoldout, "1");
        Add("pair trends", quality.Trends.Score, quality.TrendScoreOfHoldout, "1");
        foreach (var test in quality.Detection)
        {
            Add($"told apart by {test.Classifier}, ROC-AUC", test.RocAuc.Area, double.NaN, "0.5");
        }

        foreach (var scores in quality.Utility)
        {
            Add($"ROC-AUC of {scores.Classifier} trained on them", scores.Synthetic.RocAuc, scores.Real.RocAuc, "as real");
        }

        if (quality.Privacy is { } privacy)
        {
            Add("copies of a training row, share", privacy.ExactCopies, privacy.ExactCopiesOfHoldout, "as real");
            Add("membership attack by distance, ROC-AUC", privacy.NearestAttack.Area, double.NaN, "0.5");
        }

        if (quality.Graph is { } graph)
        {
            Add("violated independences of the graph, share", graph.ShareViolated, double.NaN, Cell(graph.Alpha));
        }

        return table;

        void Add(string measure, double synthetic, double real, string ideal) =>
            table.AddRow(Markup.Escape(measure), Cell(synthetic), Cell(real), ideal);
    }

    static string[] Rules(string score) => [$"{score}\n0.5", $"{score}\nprior", $"{score}\ntuned"];

    static Table New(string first, params string[] others)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn(first).NoWrap().PadLeft(0));
        foreach (string name in others)
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap().PadLeft(0));
        }

        return table;
    }

    static string Cell(double value) => double.IsNaN(value) ? "–" : value.ToString("0.000", CultureInfo.InvariantCulture);

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
