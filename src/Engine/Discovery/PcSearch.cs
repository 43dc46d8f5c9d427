using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What a search found.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="SeparatingSets">What separates each pair that is not joined.</param>
/// <param name="Queries">How many questions the test was asked.</param>
public sealed record PcResult(Cpdag Graph, SeparatingSets SeparatingSets, long Queries);

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

        var (graph, separatingSets, queries) = SkeletonSearch.Run(test, variables, options, known, progress, cancellation);
        OrientKnown(graph, known);
        ColliderOrientation.Run(graph, separatingSets, options.Colliders, known);
        MeekRules.Close(graph, known, mayCloseCycles: options.Colliders == ColliderRule.Overwrite);
        return new(graph.ToCpdag(), separatingSets, queries);
    }

    static void OrientKnown(GraphBuilder graph, EdgeKnowledge knowledge)
    {
        for (int a = 0; a < graph.Count; a++)
        {
            foreach (int b in graph.Adjacent(a))
            {
                if (knowledge.IsForbidden(b, a))
                {
                    graph.Direct(a, b);
                }
            }
        }
    }
}
