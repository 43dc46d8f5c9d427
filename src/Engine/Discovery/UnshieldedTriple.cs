using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What is held of x --- y --- z with x and z not joined.</summary>
enum TripleVerdict
{
    /// <summary>y separates x and z: no arrowheads meet at it.</summary>
    NonCollider,

    /// <summary>x --> y &lt;-- z.</summary>
    Collider,

    /// <summary>The data speak for both, or of neither.</summary>
    Ambiguous,
}

/// <summary>x --- y --- z with x and z not joined, and x &lt; z.</summary>
readonly record struct UnshieldedTriple(int X, int Y, int Z)
{
    /// <summary>The triple in either direction.</summary>
    public static UnshieldedTriple Of(int x, int y, int z) => x < z ? new(x, y, z) : new(z, y, x);

    /// <summary>All of a graph, by y, then x, then z.</summary>
    public static List<UnshieldedTriple> In(GraphBuilder graph, int[][] adjacent)
    {
        var triples = new List<UnshieldedTriple>();
        for (int y = 0; y < adjacent.Length; y++)
        {
            int[] around = adjacent[y];
            for (int i = 0; i < around.Length; i++)
            {
                for (int j = i + 1; j < around.Length; j++)
                {
                    if (!graph.AreAdjacent(around[i], around[j]))
                    {
                        triples.Add(new(around[i], y, around[j]));
                    }
                }
            }
        }

        return triples;
    }
}
