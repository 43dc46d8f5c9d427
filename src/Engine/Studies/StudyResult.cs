namespace CausalMixFT.Engine.Studies;

/// <summary>One unit of a study's work: one arm on one draw of one table.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Rows">Training rows that were drawn.</param>
/// <param name="Share">Share of the rarest class among them; null for the table's own shares.</param>
/// <param name="Split">Number of the split, which with the study's seed decides all that is drawn.</param>
/// <param name="Arm">What was done, such as "un-tuned" or "diffusion K=1 mixed hard".</param>
public sealed record StudyUnit(string Table, int Rows, double? Share, int Split, string Arm);

/// <summary>One validation during fine-tuning, with the test rows watched beside it; they choose nothing.</summary>
public sealed record StudyCheckpoint(int Step, double ValidationLoss, double ValidationAuc, double TestLoss, double TestAuc);

/// <summary>What a unit came to: raw probabilities, so that every measure can be computed later.</summary>
public sealed record StudyResult
{
    /// <summary>Which unit.</summary>
    public required StudyUnit Unit { get; init; }

    /// <summary>Names of the classes.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Real training rows of each class.</summary>
    public required int[] TrainCounts { get; init; }

    /// <summary>The class of each validation row.</summary>
    public int[] ValidationLabels { get; init; } = [];

    /// <summary>(validation rows, classes), row-major: what decision rules are tuned on.</summary>
    public float[] ValidationProbabilities { get; init; } = [];

    /// <summary>The class of each test row.</summary>
    public int[] TestLabels { get; init; } = [];

    /// <summary>(test rows, classes), row-major.</summary>
    public float[] TestProbabilities { get; init; } = [];

    /// <summary>The checkpoints of fine-tuning; empty where nothing was tuned.</summary>
    public IReadOnlyList<StudyCheckpoint> Checkpoints { get; init; } = [];

    /// <summary>The step whose weights were kept.</summary>
    public int BestStep { get; init; }

    /// <summary>Seconds by stage: "fit", "sample", "tune", "predict".</summary>
    public IReadOnlyDictionary<string, double> Seconds { get; init; } = new Dictionary<string, double>();

    /// <summary>Most bytes that the process held while it worked.</summary>
    public long PeakBytes { get; init; }

    /// <summary>How good the synthetic rows are, by measure; empty where there are none.</summary>
    public IReadOnlyDictionary<string, double> Quality { get; init; } = new Dictionary<string, double>();

    /// <summary>Why the unit has no scores, or null.</summary>
    public string? Fault { get; init; }
}
