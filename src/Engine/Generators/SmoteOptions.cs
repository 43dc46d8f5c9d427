namespace CausalMixFT.Engine.Generators;

/// <summary>How the generators of the SMOTE family find neighbours and go towards them; the defaults are imbalanced-learn's.</summary>
public sealed record SmoteOptions
{
    /// <summary>Neighbours within the class that a row can go towards.</summary>
    public int Neighbours { get; init; } = 5;

    /// <summary>Neighbours among all rows that tell whether a row lies on a border; ADASYN counts <see cref="Neighbours"/>.</summary>
    public int BorderNeighbours { get; init; } = 10;

    /// <summary>Whether numbers are measured in standard deviations; if not, as they are.</summary>
    /// <remarks>
    /// Off, as in Chawla et al. (2002) and in imbalanced-learn, which leaves it to its caller. Neighbours then depend on the columns' units; yet
    /// the rows are worth a little more to a classifier on most tables that it was tried on (docs/generators.md).
    /// </remarks>
    public bool Standardise { get; init; }

    /// <summary>
    /// Whether a value that one row in ten or more has, such as zero, is kept or left as it is rather than mixed. (Default: numbers lie
    /// between two rows, as in SMOTE.)
    /// </summary>
    public bool KeepAtoms { get; init; }

    /// <summary>Rows of a class that take part; of a larger class as many are drawn, for the search tries all pairs.</summary>
    public int MostRows { get; init; } = 50_000;
}
