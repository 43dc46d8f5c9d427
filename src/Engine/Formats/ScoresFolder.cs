using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>One table that was evaluated, or could not be.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Task">The table; null if it could not be used.</param>
/// <param name="Splits">Scores of each split; empty if it could not be used.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="Fault">Why it could not be used, or null.</param>
public sealed record TableScores(string Name, ClassificationTask? Task, IReadOnlyList<SplitResult> Splits, double Seconds, string? Fault)
{
    /// <summary>The mean ROC-AUC of the splits.</summary>
    public double RocAuc => Splits.Select(split => split.Arm.Test.RocAuc).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>The folder of an evaluation: scores.json, scores.csv, and the probabilities behind them.</summary>
public static class ScoresFolder
{
    static readonly (string Name, Func<ClassificationScores, double> Of)[] Metrics =
    [
        ("roc_auc", scores => scores.RocAuc), ("average_precision", scores => scores.AveragePrecision),
        ("log_loss", scores => scores.LogLoss), ("brier", scores => scores.Brier),
        .. Rules("half", scores => scores.Half), .. Rules("prior", scores => scores.Prior), .. Rules("tuned", scores => scores.Tuned),
    ];

    /// <summary>Writes predictions/NAME.csv of a table.</summary>
    public static void WritePredictions(string folder, TableScores table)
    {
        ArgumentNullException.ThrowIfNull(table);
        PredictionsCsv.WriteSplits(table.Task!, table.Splits, Path.Combine(folder, "predictions", $"{table.Name}.csv"));
    }

    /// <summary>Writes the scores of all tables so far.</summary>
    public static void WriteScores(
        string folder, IReadOnlyList<TableScores> tables, CausalMixOptions options, string model, string device, string command,
        DateTimeOffset started)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(options);
        JsonText.Write(Path.Combine(folder, "scores.json"), new
        {
            Format = "causalmixft.scores",
            Version = 1,
            Command = command,
            Started = started,
            Program = ProgramJson.Of(device),
            options.Seed,
            Model = new { Origin = model },
            options.Prediction.MaxContext,
            options.Prediction.ContextDraw,
            options.ValidationShare,
            options.TestShare,
            Tables = tables.Select(table => new
            {
                table.Name,
                table.Task?.Rows,
                Features = table.Task?.Features.Columns.Count,
                Classes = table.Task?.ClassNames.Count,
                table.Seconds,
                table.Fault,
                Splits = table.Splits.Select(split => split.Arm.Test),
            }),
        });
        CsvText.Write(Path.Combine(folder, "scores.csv"), text =>
        {
            CsvText.WriteRow(text, ["table", "split", "test_rows", .. Metrics.Select(metric => metric.Name)]);
            foreach (var table in tables)
            {
                for (int number = 0; number < table.Splits.Count; number++)
                {
                    var scores = table.Splits[number].Arm.Test;
                    CsvText.WriteRow(text, [
                        table.Name, number.ToString(CultureInfo.InvariantCulture), scores.Rows.ToString(CultureInfo.InvariantCulture),
                        .. Metrics.Select(metric => Cell(metric.Of(scores)))]);
                }
            }
        });
    }

    static IEnumerable<(string, Func<ClassificationScores, double>)> Rules(string rule, Func<ClassificationScores, LabelScores> of) =>
    [
        ($"f1_minority_{rule}", scores => of(scores).F1Minority), ($"f1_macro_{rule}", scores => of(scores).F1Macro),
        ($"balanced_accuracy_{rule}", scores => of(scores).BalancedAccuracy), ($"accuracy_{rule}", scores => of(scores).Accuracy),
        ($"matthews_{rule}", scores => of(scores).Matthews),
    ];

    static string Cell(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);
}
