using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Scm;

namespace CausalMixFT.Engine;

/// <summary>Which of the two models that a run tunes is the one it hands over.</summary>
public enum KeptModel
{
    /// <summary>That of real rows alone.</summary>
    Real,

    /// <summary>That of real and synthetic rows, or of synthetic ones alone: whichever the run tuned.</summary>
    Synthetic,
}

/// <summary>Every choice of a run, one record a stage; the defaults are the recommended run.</summary>
public sealed record CausalMixOptions
{
    /// <summary>The seed of everything that is drawn: splits, folds, synthetic rows, episodes.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How the graph is discovered.</summary>
    public DiscoveryOptions Discovery { get; init; } = new();

    /// <summary>How mechanisms are fitted.</summary>
    public ScmOptions Scm { get; init; } = new();

    /// <summary>Synthetic rows for each real training row in the mixed arm.</summary>
    public double SyntheticPerReal { get; init; } = 1;

    /// <summary>Whether the mixed arm's checkpoint is chosen by real and synthetic validation rows, or by real ones alone.</summary>
    /// <remarks>
    /// Real ones alone: where the graph leaves the class weakly tied to its features, as on wdbc, synthetic validation rows
    /// reject every step that helps on real ones (docs/decisions/real-validation.md).
    /// </remarks>
    public bool SyntheticValidation { get; init; }

    /// <summary>Which model is handed over; both are scored. Step 0, the model as it came, is a candidate of either.</summary>
    /// <remarks>The study of docs/study chose it: on its tables no arm with synthetic rows is established to beat real rows alone.</remarks>
    public KeptModel Keep { get; init; }

    /// <summary>
    /// Whether the test rows are scored at each validation too, which chooses nothing: so a study can tell how well validation
    /// rows foretell them.
    /// </summary>
    public bool WatchTest { get; init; }

    /// <summary>How the model is fine-tuned.</summary>
    public FineTuneOptions FineTuning { get; init; } = new();

    /// <summary>How the model predicts.</summary>
    public PredictionOptions Prediction { get; init; } = new();

    /// <summary>Share of the rows that are held out for the final scores.</summary>
    public double TestShare { get; init; } = 0.2;

    /// <summary>Share of the rows that choose checkpoints and thresholds.</summary>
    public double ValidationShare { get; init; } = 0.2;
}
