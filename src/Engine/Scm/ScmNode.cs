using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>One variable of a structural causal model.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Kind">The column's kind.</param>
/// <param name="Levels">The column's levels; empty for numbers.</param>
/// <param name="Decimals">The column's decimals.</param>
/// <param name="Parents">The nodes it is a function of.</param>
/// <param name="MissingShare">
/// The share of cells that are missing; reproduced at random, whatever the other cells hold.
/// </param>
/// <param name="Support">The values it can take.</param>
/// <param name="Mechanism">Its equation.</param>
/// <param name="Fit">How the equation was fitted.</param>
public sealed record ScmNode(
    string Name,
    ColumnKind Kind,
    IReadOnlyList<string> Levels,
    int Decimals,
    IReadOnlyList<int> Parents,
    double MissingShare,
    Support Support,
    ICausalMechanism Mechanism,
    FitDiagnostics Fit)
{
    /// <summary>Whether cells are levels rather than numbers.</summary>
    public bool IsDiscrete => Kind is ColumnKind.Boolean or ColumnKind.Categorical;
}

/// <summary>How a mechanism was fitted.</summary>
/// <param name="Rows">Rows it was fitted to.</param>
/// <param name="Basis">The chosen basis: none (a root), linear, hinges or interactions.</param>
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
public sealed record FitDiagnostics(
    int Rows,
    string Basis,
    double Loss,
    double NullLoss,
    double ResidualDeviation,
    double OutOfFoldDeviation,
    double InSampleDeviation,
    string Note);
