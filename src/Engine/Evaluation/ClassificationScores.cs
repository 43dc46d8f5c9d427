using System.Text.Json.Serialization;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>
/// Everything said about one set of predicted probabilities; NaN, null in JSON, where the rows cannot tell.
/// </summary>
/// <remarks>
/// Hard-label scores come at three thresholds, because most gains on skewed data are only a moved threshold. Of two classes
/// the positive one is the rarer in training; with more, ranking metrics are means over the classes of one against the rest,
/// leaving out classes that have no rows.
/// </remarks>
public sealed record ClassificationScores
{
    /// <summary>How many rows were scored.</summary>
    public required int Rows { get; init; }

    /// <summary>The chance that a row of a class outscores one of another, ties half.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double RocAuc { get; init; }

    /// <summary>The area under precision against recall, by scikit-learn's step rule.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double AveragePrecision { get; init; }

    /// <summary>The mean of −log p(true class), p clipped to [2⁻²³, 1 − 2⁻²³].</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double LogLoss { get; init; }

    /// <summary>The mean squared error of class 1's probability; with more classes, of all, summed.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Brier { get; init; }

    /// <summary>How far confidence is from the share that is right, on average (expected calibration error, 15 bins).</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double CalibrationError { get; init; } = double.NaN;

    /// <summary>The likeliest class: threshold ½.</summary>
    public required LabelScores Half { get; init; }

    /// <summary>The threshold at the training prior.</summary>
    public required LabelScores Prior { get; init; }

    /// <summary>The threshold tuned on validation rows.</summary>
    public required LabelScores Tuned { get; init; }

    /// <summary>Scores (rows, classes) probabilities against the true classes.</summary>
    public static ClassificationScores Compute(
        ReadOnlySpan<float> probabilities,
        ReadOnlySpan<int> labels,
        int classes,
        ReadOnlySpan<double> trainingPrior,
        DecisionRule tunedRule)
    {
        ArgumentNullException.ThrowIfNull(tunedRule);
        ArgumentOutOfRangeException.ThrowIfNotEqual(trainingPrior.Length, classes);
        DecisionRule.Check(probabilities, labels.Length, classes);
        int minority = DecisionRule.RarestOf(trainingPrior);
        double rocAuc = 0, averagePrecision = 0;
        int ranked = 0;
        var scores = new float[labels.Length];
        var positives = new bool[labels.Length];
        for (int c = 0; c < classes; c++)
        {
            if (classes == 2 && c != minority)
            {
                continue;
            }

            for (int row = 0; row < labels.Length; row++)
            {
                scores[row] = probabilities[row * classes + c];
                positives[row] = labels[row] == c;
            }

            double area = RankingMetrics.RocAuc(scores, positives);
            if (!double.IsNaN(area))
            {
                rocAuc += area;
                averagePrecision += RankingMetrics.AveragePrecision(scores, positives);
                ranked++;
            }
        }

        return new()
        {
            Rows = labels.Length,
            RocAuc = rocAuc / ranked, // 0 / 0 is NaN: undefined
            AveragePrecision = averagePrecision / ranked,
            LogLoss = ProbabilityMetrics.LogLoss(probabilities, labels, classes),
            Brier = ProbabilityMetrics.Brier(probabilities, labels, classes),
            CalibrationError = ProbabilityMetrics.CalibrationError(probabilities, labels, classes),
            Half = LabelScores.Compute(DecisionRule.Half(trainingPrior).Predict(probabilities), labels, classes, minority),
            Prior = LabelScores.Compute(DecisionRule.Prior(trainingPrior).Predict(probabilities), labels, classes, minority),
            Tuned = LabelScores.Compute(tunedRule.Predict(probabilities), labels, classes, minority),
        };
    }
}
