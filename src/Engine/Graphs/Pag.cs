namespace CausalMixFT.Engine.Graphs;

/// <summary>
/// A partial ancestral graph: what data can tell where common causes may be hidden. A tail says "causes", an arrowhead
/// "does not cause", a circle that both fit the data; an edge with two arrowheads stands for a hidden common cause, one
/// with two tails for selection of the rows by a common effect.
/// </summary>
public sealed class Pag : CausalGraph
{
    internal Pag(GraphBuilder builder)
        : base(builder) { }
}
