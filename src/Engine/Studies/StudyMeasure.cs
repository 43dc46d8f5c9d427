using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>One number that arms are compared by.</summary>
/// <param name="Key">Its name in files, such as "f1_minority_tuned".</param>
/// <param name="Name">Its name in reports.</param>
/// <param name="HigherIsBetter">Whether more is better; gains are turned so that they always are.</param>
/// <param name="Definition">What it is, in one sentence.</param>
/// <param name="Of">The number of a unit; NaN where its rows cannot tell.</param>
public sealed record StudyMeasure(string Key, string Name, bool HigherIsBetter, string Definition, Func<StudyScore, double> Of)
{
    static readonly (string Key, string Name, Func<ClassificationScores, LabelScores> Of)[] Thresholds =
    [
        ("half", "at ½", scores => scores.Half), ("prior", "at the prior", scores => scores.Prior),
        ("tuned", "tuned", scores => scores.Tuned),
    ];

    /// <summary>Every measure, those of hard labels at each of three thresholds.</summary>
    public static IReadOnlyList<StudyMeasure> All { get; } =
    [
        .. Labels("f1_minority", "Minority F1", "F1 of the class rarest in training", scores => scores.F1Minority),
        .. Labels("f1_macro", "Macro F1", "the mean of F1 over classes", scores => scores.F1Macro),
        .. Labels("balanced_accuracy", "Balanced accuracy", "the mean of recall over classes", scores => scores.BalancedAccuracy),
        .. Labels("matthews", "Matthews", "Matthews's correlation of predicted and true classes", scores => scores.Matthews),
        .. Labels("g_mean", "G-mean", "the geometric mean of recall over classes", scores => scores.GMean),
        new("roc_auc", "ROC-AUC", true, "the chance that a row of a class outscores one of another, ties half", score => score.Test.RocAuc),
        new("average_precision", "AUPRC", true, "the area under precision against recall (average precision)", score => score.Test.AveragePrecision),
        new("log_loss", "Log-loss", false, "the mean of −log p(true class)", score => score.Test.LogLoss),
        new("brier", "Brier", false, "the mean squared error of probabilities", score => score.Test.Brier),
        new("calibration_error", "ECE", false, "expected calibration error: confidence beside the share that is right, 15 bins", score => score.Test.CalibrationError),
    ];

    /// <summary>F1 of the rarest class with the threshold tuned on validation rows.</summary>
    public static StudyMeasure MinorityF1Tuned { get; } = Named("f1_minority_tuned");

    /// <summary>F1 of the rarest class at threshold ½.</summary>
    public static StudyMeasure MinorityF1Half { get; } = Named("f1_minority_half");

    /// <summary>The area under the ROC curve.</summary>
    public static StudyMeasure RocAuc { get; } = Named("roc_auc");

    /// <summary>The measure of a key.</summary>
    public static StudyMeasure Named(string key) => All.FirstOrDefault(measure => measure.Key == key) ?? throw new InputException(
        $"'{key}' is no measure of a study; the measures are {string.Join(", ", All.Select(measure => measure.Key))}.");

    static IEnumerable<StudyMeasure> Labels(string key, string name, string definition, Func<LabelScores, double> of) =>
        Thresholds.Select(threshold => new StudyMeasure(
            $"{key}_{threshold.Key}", $"{name}, {threshold.Name}", true,
            definition + threshold.Key switch
            {
                "half" => ", the likeliest class being predicted",
                "prior" => ", the threshold at the training prior",
                _ => ", the threshold tuned on validation rows, for un-tuned as for every arm",
            },
            score => of(threshold.Of(score.Test))));
}
