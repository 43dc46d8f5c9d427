namespace CausalMixFT.Engine.Discovery;

/// <summary>Unshielded triples of which it is not known whether the middle one is a collider: no rule may use them.</summary>
sealed class AmbiguousTriples
{
    readonly HashSet<(int X, int Y, int Z)> _triples = [];

    public void Add(int x, int y, int z) => _triples.Add((Math.Min(x, z), y, Math.Max(x, z)));

    public bool Contains(int x, int y, int z) => _triples.Count > 0 && _triples.Contains((Math.Min(x, z), y, Math.Max(x, z)));
}
