namespace CausalMixFT.Engine.Formats;

/// <summary>What the user knows better than inference does, by column name.</summary>
public sealed record CsvOptions
{
    /// <summary>Columns whose cells are names, even where they look like numbers.</summary>
    public IReadOnlyList<string> Categorical { get; init; } = [];

    /// <summary>Columns whose cells are numbers; a cell that is not is an error.</summary>
    public IReadOnlyList<string> Numeric { get; init; } = [];

    /// <summary>Columns to leave out.</summary>
    public IReadOnlyList<string> Drop { get; init; } = [];

    /// <summary>Columns that only tell rows apart, left out as well.</summary>
    public IReadOnlyList<string> Id { get; init; } = [];

    /// <summary>These options and others together.</summary>
    public CsvOptions And(CsvOptions other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Categorical = [.. Categorical.Union(other.Categorical)],
            Numeric = [.. Numeric.Union(other.Numeric)],
            Drop = [.. Drop.Union(other.Drop)],
            Id = [.. Id.Union(other.Id)],
        };
    }
}
