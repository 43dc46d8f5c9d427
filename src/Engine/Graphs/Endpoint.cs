namespace CausalMixFT.Engine.Graphs;

/// <summary>The mark at one end of an edge.</summary>
public enum Endpoint
{
    /// <summary>A plain end: this variable causes the other, or the direction is open when both ends are plain.</summary>
    Tail,

    /// <summary>An arrowhead: this variable does not cause the other.</summary>
    Arrow,

    /// <summary>Not known to be either.</summary>
    Circle,
}
