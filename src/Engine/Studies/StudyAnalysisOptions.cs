namespace CausalMixFT.Engine.Studies;

/// <summary>How a study is judged.</summary>
public sealed record StudyAnalysisOptions
{
    /// <summary>The arm that all others are compared with.</summary>
    public string Baseline { get; init; } = "un-tuned";

    /// <summary>
    /// The name of the baseline with the training prior's weight taken out, made of the baseline's results where the study has none; null
    /// makes none.
    /// </summary>
    public string? CorrectedBaseline { get; init; } = "un-tuned prior-corrected";

    /// <summary>Arms that stand beside the others and are not chosen from.</summary>
    public IReadOnlyList<string> References { get; init; } = ["logistic regression", "boosted trees"];

    /// <summary>The measures that sentences are about. All arms by all of them are one family for Holm's correction.</summary>
    public IReadOnlyList<StudyMeasure> Primary { get; init; } = [StudyMeasure.MinorityF1Tuned, StudyMeasure.RocAuc];

    /// <summary>The chance of even one false claim in a family.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Draws the resamples of the bootstrap.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Resamples of the bootstrap.</summary>
    public int Resamples { get; init; } = 5000;

    /// <summary>
    /// The same with fine-tuning on real rows as what the others are compared with: what synthetic rows add, not what tuning adds. Models
    /// that nothing tuned stand beside the others then.
    /// </summary>
    public StudyAnalysisOptions BesideReal => this with
    {
        Baseline = new StudyArm(ArmKind.Real).Name,
        CorrectedBaseline = null,
        References = [.. References, .. new[] { Baseline, CorrectedBaseline }.OfType<string>()],
    };

    /// <summary>What tables are like, by name; without them, gains are explained by skew and rows alone.</summary>
    public IReadOnlyDictionary<string, TableTraits> Traits { get; init; } = new Dictionary<string, TableTraits>();
}
