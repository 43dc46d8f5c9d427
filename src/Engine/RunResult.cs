using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine;

/// <summary>Where a long job stands.</summary>
/// <param name="Stage">What is being done, such as "Discover the graph".</param>
/// <param name="Share">How much of it is done, 0 to 1.</param>
public readonly record struct StageProgress(string Stage, double Share);

/// <summary>One way of using the model on the table, and what came of it.</summary>
/// <param name="Name">un-tuned, real only, or mixed (staged, synthetic only).</param>
/// <param name="Tuning">How it was fine-tuned; null for the un-tuned model.</param>
/// <param name="TunedRule">The decision rule tuned on the validation rows.</param>
/// <param name="Validation">Scores on the validation rows, which chose checkpoint and rule.</param>
/// <param name="Test">Scores on the held-out test rows.</param>
/// <param name="TestProbabilities">(test rows, classes), row-major, from which every score can be computed again.</param>
public sealed record ArmResult(
    string Name, FineTuneResult? Tuning, DecisionRule TunedRule, ClassificationScores Validation, ClassificationScores Test,
    float[] TestProbabilities);

/// <summary>One of several splits of a table, and a model's scores on it.</summary>
/// <param name="Split">Which rows gave context, chose thresholds, and were scored.</param>
/// <param name="Arm">The scores and the test rows' probabilities.</param>
public sealed record SplitResult(StratifiedSplit Split, ArmResult Arm);

/// <summary>Everything that a run of the main job learned, made and measured.</summary>
public sealed record RunResult
{
    /// <summary>The options it ran with.</summary>
    public required CausalMixOptions Options { get; init; }

    /// <summary>The device and the matrix library.</summary>
    public required string Device { get; init; }

    /// <summary>Where the model's weights came from.</summary>
    public required string ModelOrigin { get; init; }

    /// <summary>The table, its target, and a line for each thing that was left out.</summary>
    public required ClassificationTask Task { get; init; }

    /// <summary>Which rows trained, validated and tested.</summary>
    public required StratifiedSplit Split { get; init; }

    /// <summary>The graph, found on the training rows alone.</summary>
    public required DiscoveryResult Discovery { get; init; }

    /// <summary>
    /// Models of how the table came about, fitted to the training rows alone: one, or one for each graph of the ensemble.
    /// </summary>
    public required IReadOnlyList<StructuralCausalModel> Models { get; init; }

    /// <summary>Rows sampled from them by turns.</summary>
    public required Table Synthetic { get; init; }

    /// <summary>How good they are beside the training rows, in brief; the validation rows are the fresh real ones.</summary>
    public required SyntheticQuality Quality { get; init; }

    /// <summary>How close each synthetic column's marginal is to that of the training rows.</summary>
    public IReadOnlyList<ColumnFidelity> Fidelity => Quality.Shapes;

    /// <summary>un-tuned, real only, mixed (or as else synthetic rows were used): in this order.</summary>
    public required IReadOnlyList<ArmResult> Arms { get; init; }

    /// <summary>The arm whose model is handed over.</summary>
    public ArmResult Kept => Options.Keep == KeptModel.Real ? Arms[1] : Arms[2];

    /// <summary>Seconds that each stage took, in order.</summary>
    public required IReadOnlyList<(string Stage, double Seconds)> Timings { get; init; }
}
