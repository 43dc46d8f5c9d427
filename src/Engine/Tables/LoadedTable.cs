namespace CausalMixFT.Engine.Tables;

/// <summary>A table as it came in, and a line for each thing that was done to it on the way.</summary>
public sealed record LoadedTable(Table Table, IReadOnlyList<string> Notes);
