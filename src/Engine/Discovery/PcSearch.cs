using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What a search found.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="SeparatingSets">What separates each pair that is not joined.</param>
/// <param name="Queries">How many questions the test was asked.</param>
public sealed record PcResult(Cpdag Graph, SeparatingSets SeparatingSets, long Queries)
{
    /// <summary>Triples x --- y --- z of which the data do not tell whether they collide at y, by y, then x, then z.</summary>
    public IReadOnlyList<(int X, int Y, int Z)> AmbiguousTriples { get; init; } = [];
}

/// <summary>The PC algorithm: from answers about conditional independence to a CPDAG. No hidden common causes.</summary>
/// <remarks>Spirtes, Glymour and Scheines (2000); order-independent as in Colombo and Maathuis (2014).</remarks>
public static class PcSearch
{
    /// <summary>Runs PC.</summary>
    /// <param name="test">Answers whether variables are independent.</param>
    /// <param name="variables">The variables that the test knows, in its order.</param>
    /// <param name="options">Level of significance, depth, and rules; the test's choice is the caller's.</param>
    /// <param name="knowledge">What is known beforehand, or null.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancellation">Stops the search between batches.</param>
    public static PcResult Run(
        IIndependenceTest test, IReadOnlyList<Variable> variables, DiscoveryOptions options,
        BackgroundKnowledge? knowledge = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(options);
        var known = (knowledge ?? new()).Resolve(variables);

        var (skeleton, separatingSets, queries) = SkeletonSearch.Run(test, variables, options, known, progress, cancellation);
        var result = Orient(skeleton, separatingSets, test, options, known, cancellation);
        return result with { Queries = queries + result.Queries };
    }

    /// <summary>The second half of PC: directs the edges of a skeleton, which it changes.</summary>
    /// <returns>The graph, and how many questions were asked to direct it.</returns>
    internal static PcResult Orient(
        GraphBuilder graph, SeparatingSets separatingSets, IIndependenceTest test, DiscoveryOptions options, EdgeKnowledge known,
        CancellationToken cancellation)
    {
        int[][] adjacent = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
        var judgement = TripleJudgement.Of(
            UnshieldedTriple.In(graph, adjacent), adjacent, separatingSets, test, options, cancellation);
        OrientKnown(graph, adjacent, known);
        ColliderOrientation.Run(graph, adjacent, judgement, separatingSets, options.Colliders, known);
        MeekRules.Close(graph, adjacent, options.Propagation, judgement.Ambiguous, known);
        if (options.Triples == TripleRule.DefiniteMaxP)
        {
            // What the others left open of an ambiguous triple is taken for a non-collider after all.
            MeekRules.Close(graph, adjacent, options.Propagation, ambiguous: [], known);
        }

        return new(graph.ToCpdag(), separatingSets, judgement.Queries)
        {
            AmbiguousTriples = [.. judgement.Triples.Where(judgement.Ambiguous.Contains).Select(triple => (triple.X, triple.Y, triple.Z))],
        };
    }

    static void OrientKnown(GraphBuilder graph, int[][] adjacent, EdgeKnowledge knowledge)
    {
        for (int a = 0; a < graph.Count; a++)
        {
            foreach (int b in adjacent[a])
            {
                if (knowledge.IsForbidden(b, a))
                {
                    graph.Direct(a, b);
                }
            }
        }
    }
}
