using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What FCI found.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="SeparatingSets">What separates each pair that is not joined.</param>
/// <param name="Queries">How many questions the test was asked.</param>
public sealed record FciResult(Pag Graph, SeparatingSets SeparatingSets, long Queries)
{
    /// <summary>Where the data contradict what was said to be known, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>The FCI algorithm: from answers about conditional independence to a PAG. Common causes may be hidden, rows selected.</summary>
/// <remarks>
/// Spirtes, Glymour and Scheines (2000); Zhang (2008) for the rules; Colombo et al. (2012) for RFCI and for possible-d-sep
/// on paths; order-independent as in Colombo and Maathuis (2014). A bound on the size of sets makes it Spirtes' (2001)
/// anytime FCI. <see cref="DiscoveryOptions.Triples"/> judges colliders as in PC; <see cref="DiscoveryOptions.Colliders"/> plays no part: colliders that meet on an edge make it &lt;->.
/// With background knowledge the graph is right but may leave circles that the knowledge decides: the rules are complete
/// for data alone.
/// </remarks>
public static class FciSearch
{
    /// <summary>Runs FCI, or RFCI where <see cref="DiscoveryOptions.Algorithm"/> says so.</summary>
    /// <param name="test">Answers whether variables are independent.</param>
    /// <param name="variables">The variables that the test knows, in its order.</param>
    /// <param name="options">Level of significance, depth, and rules; the test's choice is the caller's.</param>
    /// <param name="knowledge">
    /// What is known beforehand, or null. A forbidden edge (by name, tier, sink or root) says that the one does not cause
    /// the other, be it through hidden variables: if they are joined, there is an arrowhead at the first. Forbidding both
    /// ways leaves &lt;->. A required edge joins the two as -->.
    /// </param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancellation">Stops the search between batches.</param>
    /// <exception cref="InputException">The knowledge names an unknown column or contradicts itself.</exception>
    public static FciResult Run(
        IIndependenceTest test, IReadOnlyList<Variable> variables, DiscoveryOptions options,
        BackgroundKnowledge? knowledge = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(options);
        var known = (knowledge ?? new()).Resolve(variables);
        bool rfci = options.Algorithm == SearchAlgorithm.Rfci;
        bool possibleDSep = !rfci && options.Fci.PossibleDSep != PossibleDSepRule.None;

        var (graph, separatingSets, queries) = SkeletonSearch.Run(
            test, variables, options, known.JoinsOnly(), possibleDSep && progress is not null ? new FirstHalf(progress) : progress,
            cancellation);
        var triples = new PagTriples(separatingSets);
        PagColliders.Reset(graph, known);
        if (possibleDSep)
        {
            PagColliders.Orient(graph, triples, known);
            queries += new PossibleDSepSearch(graph, separatingSets, test, options, known, cancellation).Run();
            PagColliders.Reset(graph, known);
        }

        var search = new SubsetSearch(test, options.Alpha, cancellation);
        var dependence = new DependentTriples(graph, separatingSets, search, known);
        if (rfci)
        {
            dependence.CheckAll();
        }

        queries += triples.Judge(graph, test, options, possibleDSep, cancellation);
        var refused = PagColliders.Orient(graph, triples, known);
        var rules = new FciRules(graph, triples, known) { RemovesEdge = rfci ? dependence.RemovesEdgeOf : _ => false };
        rules.Close(options.Fci.SelectionBias);
        progress?.Report(1);
        return new(graph.ToPag(), separatingSets, queries + search.Queries)
        {
            Notes =
            [
                .. refused.Select(triple =>
                    $"The data make {variables[triple.Y].Name} an effect of both {variables[triple.X].Name} and " +
                    $"{variables[triple.Z].Name}, against a required edge, which was kept."),
                .. rules.Refused.Select(mark =>
                    $"The data ask for another mark at {variables[mark.To].Name} on its edge with {variables[mark.From].Name} " +
                    "than background knowledge has, which was kept."),
            ],
        };
    }

    /// <summary>The skeleton search's share of the bar, where possible-d-sep follows it.</summary>
    sealed class FirstHalf(IProgress<double> whole) : IProgress<double>
    {
        public void Report(double value) => whole.Report(value / 2);
    }
}
