using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Graphs;

/// <summary>A column as the node of a graph.</summary>
/// <param name="Index">Its place among the graph's variables, from 0.</param>
/// <param name="Name">The column's name.</param>
/// <param name="Kind">What the column's values are.</param>
public readonly record struct Variable(int Index, string Name, ColumnKind Kind);
