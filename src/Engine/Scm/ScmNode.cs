using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>One variable of a structural causal model.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Kind">The column's kind.</param>
/// <param name="Levels">The column's levels; empty for numbers.</param>
/// <param name="Decimals">The column's decimals.</param>
/// <param name="Parents">The nodes it is a function of.</param>
/// <param name="Missing">Which of its cells are missing.</param>
/// <param name="Support">The values it can take.</param>
/// <param name="Mechanism">Its equation.</param>
/// <param name="Fit">How the equation was fitted.</param>
public sealed record ScmNode(
    string Name,
    ColumnKind Kind,
    IReadOnlyList<string> Levels,
    int Decimals,
    IReadOnlyList<int> Parents,
    MissingMask Missing,
    Support Support,
    ICausalMechanism Mechanism,
    FitDiagnostics Fit)
{
    /// <summary>The share of the training column's cells that were missing.</summary>
    public double MissingShare => Missing.Share;

    /// <summary>Whether cells are levels rather than numbers.</summary>
    public bool IsDiscrete => Kind is ColumnKind.Boolean or ColumnKind.Categorical;

    /// <summary>A cell as it is written.</summary>
    internal string Text(double cell) => new Column(Name, Kind, [cell], IsDiscrete ? Levels : null, Decimals).Text(0);
}

/// <summary>How a mechanism was fitted.</summary>
/// <param name="Rows">Rows it was fitted to.</param>
/// <param name="Basis">
/// The chosen candidate: none (a root), linear, hinges, interactions or trees; "scaled noise" with it where the noise's
/// width depends on the parents.
/// </param>
/// <param name="Loss">
/// Cross-validated loss per row: log-loss in nats for classes, else squared error relative to the variance on the scale
/// of the noise (1 − R²).
/// </param>
/// <param name="NullLoss">The same without parents.</param>
/// <param name="ResidualDeviation">
/// Standard deviation of the noise that is sampled, on its scale; 0 for classes.
/// </param>
/// <param name="OutOfFoldDeviation">The same of the out-of-fold residuals as they were.</param>
/// <param name="InSampleDeviation">The same of the residuals on the rows that the equation was fitted to.</param>
/// <param name="Note">What else a reader should know; empty for nothing.</param>
/// <param name="Candidates">All that were tried, simplest first, scored out of fold; empty for a root.</param>
public sealed record FitDiagnostics(
    int Rows,
    string Basis,
    double Loss,
    double NullLoss,
    double ResidualDeviation,
    double OutOfFoldDeviation,
    double InSampleDeviation,
    string Note,
    IReadOnlyList<CandidateScore> Candidates);

/// <summary>How well a candidate mechanism predicts rows that it was not fitted to.</summary>
/// <param name="Name">Its basis.</param>
/// <param name="Loss">
/// The mean of a proper score, smaller is better: log-loss in nats for classes; for numbers the continuous ranked
/// probability score on the scale of the noise.
/// </param>
/// <param name="StandardError">Of the mean difference from the chosen candidate, row by row.</param>
public sealed record CandidateScore(string Name, double Loss, double StandardError);
