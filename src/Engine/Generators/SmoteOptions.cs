namespace CausalMixFT.Engine.Generators;

/// <summary>How the generators of the SMOTE family find neighbours and go towards them; the defaults are imbalanced-learn's.</summary>
public sealed record SmoteOptions
{
    /// <summary>Neighbours within the class that a row can go towards.</summary>
    public int Neighbours { get; init; } = 5;

    /// <summary>Neighbours among all rows that tell whether a row lies on a border; ADASYN counts <see cref="Neighbours"/>.</summary>
    public int BorderNeighbours { get; init; } = 10;

    /// <summary>Whether numbers are measured in standard deviations; if not, as they are.</summary>
    /// <remarks>imbalanced-learn leaves that to its caller, for whom its manual advises it.</remarks>
    public bool Standardise { get; init; } = true;

    /// <summary>
    /// Whether a value that one row in ten or more has, such as zero, is kept or left as it is rather than mixed. (Default: numbers lie
    /// between two rows, as in SMOTE.)
    /// </summary>
    public bool KeepAtoms { get; init; }

    /// <summary>Rows of a class that take part; of a larger class as many are drawn, for the search tries all pairs.</summary>
    public int MostRows { get; init; } = 50_000;
}
