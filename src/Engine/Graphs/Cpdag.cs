using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Graphs;

/// <summary>
/// A completed partially directed acyclic graph: what data can tell about a DAG. A directed edge points the same way in
/// every DAG that fits; an undirected one may point either way. One with two arrowheads marks colliders that contradict
/// each other: finite data spoke for both directions, and no DAG has both.
/// </summary>
public sealed class Cpdag : CausalGraph
{
    internal Cpdag(GraphBuilder builder)
        : base(builder)
    {
        foreach (var edge in Edges)
        {
            if (edge.AtFrom == Endpoint.Circle || edge.AtTo == Endpoint.Circle)
            {
                throw new InputException(
                    $"The edge {Variables[edge.From].Name} {edge.Symbol} {Variables[edge.To].Name} does not belong in a CPDAG: " +
                    "give each edge as -->, --- or <->.");
            }
        }
    }
}
