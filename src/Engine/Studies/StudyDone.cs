namespace CausalMixFT.Engine.Studies;

/// <summary>A unit that is done.</summary>
/// <param name="Unit">Which.</param>
/// <param name="Elapsed">Seconds that it took.</param>
/// <param name="Fault">Why it has no scores, or null.</param>
public sealed record StudyDone(StudyUnit Unit, double Elapsed, string? Fault)
{
    /// <summary>How the fault begins of a draw that its table has not the rows for.</summary>
    public const string NotPossible = "not possible: ";

    /// <summary>Whether the table has not the rows for it.</summary>
    public bool IsNotPossible => Fault?.StartsWith(NotPossible, StringComparison.Ordinal) ?? false;
}
