using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Studies;

/// <summary>All that a unit is judged by.</summary>
public sealed record StudyScore
{
    /// <summary>Fewer checkpoints than this say nothing of how validation and test hang together.</summary>
    public const int FewestCheckpoints = 3;

    /// <summary>Which unit.</summary>
    public required StudyUnit Unit { get; init; }

    /// <summary>Scores of the test rows; thresholds are those of ½, of the training prior, and tuned on the validation rows.</summary>
    public required ClassificationScores Test { get; init; }

    /// <summary>The share of the class that is rarest among real training rows.</summary>
    public required double RarestShare { get; init; }

    /// <summary>
    /// 1 − Pearson's correlation of validation and test ROC-AUC over the checkpoints: 0 when validation says which step is best, 1 when
    /// it says nothing, 2 when it points the wrong way. NaN with fewer than three checkpoints or where one of both never moves.
    /// </summary>
    public required double CorrelationGap { get; init; }

    /// <summary>The same of the log-loss, which moves at every step.</summary>
    public required double LossCorrelationGap { get; init; }

    /// <summary>Seconds by stage.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }

    /// <summary>Most bytes that were held.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>How good the synthetic rows are, by measure.</summary>
    public required IReadOnlyDictionary<string, double> Quality { get; init; }

    /// <summary>Scores a unit that has no fault.</summary>
    public static StudyScore Of(StudyResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        int classes = result.ClassNames.Count;
        double rows = result.TrainCounts.Sum();
        double[] prior = Array.ConvertAll(result.TrainCounts, count => count / rows);
        var tuned = DecisionRule.Tune(result.ValidationProbabilities, result.ValidationLabels, prior);
        return new()
        {
            Unit = result.Unit,
            Test = ClassificationScores.Compute(result.TestProbabilities, result.TestLabels, classes, prior, tuned),
            RarestShare = prior.Min(),
            CorrelationGap = Gap(result.Checkpoints, check => check.ValidationAuc, check => check.TestAuc),
            LossCorrelationGap = Gap(result.Checkpoints, check => check.ValidationLoss, check => check.TestLoss),
            Seconds = result.Seconds,
            PeakBytes = result.PeakBytes,
            Quality = result.Quality,
        };
    }

    /// <summary>The unit under another name with the training prior's weight taken out of its probabilities.</summary>
    public static StudyResult Corrected(StudyResult result, string arm)
    {
        ArgumentNullException.ThrowIfNull(result);
        double rows = result.TrainCounts.Sum();
        double[] prior = Array.ConvertAll(result.TrainCounts, count => count / rows);
        return result with
        {
            Unit = result.Unit with { Arm = arm },
            ValidationProbabilities = PriorCorrection.Apply(result.ValidationProbabilities, prior),
            TestProbabilities = PriorCorrection.Apply(result.TestProbabilities, prior),
        };
    }

    static double Gap(
        IReadOnlyList<StudyCheckpoint> checkpoints, Func<StudyCheckpoint, double> validation, Func<StudyCheckpoint, double> test)
    {
        StudyCheckpoint[] known = [.. checkpoints.Where(check => double.IsFinite(validation(check)) && double.IsFinite(test(check)))];
        return known.Length < FewestCheckpoints ? double.NaN
            : 1 - Association.Correlation([.. known.Select(validation)], [.. known.Select(test)]);
    }
}
