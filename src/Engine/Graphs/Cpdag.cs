using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Graphs;

/// <summary>
/// A completed partially directed acyclic graph: what data can tell about a DAG. A directed edge points the same way in
/// every DAG that fits; an undirected one may point either way.
/// </summary>
public sealed class Cpdag : CausalGraph
{
    internal Cpdag(GraphBuilder builder)
        : base(builder)
    {
        foreach (var edge in Edges)
        {
            if (!edge.IsDirected && !edge.IsUndirected)
            {
                throw new InputException(
                    $"The edge {Variables[edge.From].Name} {edge.Symbol} {Variables[edge.To].Name} does not belong in a CPDAG: " +
                    "give each edge as --> or ---.");
            }
        }
    }
}
