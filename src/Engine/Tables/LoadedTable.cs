namespace CausalMixFT.Engine.Tables;

/// <summary>A table as it came in, and a line for each thing that was done to it on the way.</summary>
public sealed record LoadedTable(Table Table, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Text columns with too many levels to model; the target may be among them, to be told why it cannot be.
    /// </summary>
    public IReadOnlyList<Column> LeftOut { get; init; } = [];
}
