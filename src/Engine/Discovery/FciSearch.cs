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
/// anytime FCI. <see cref="DiscoveryOptions.Colliders"/> plays no part: colliders that meet on an edge make it &lt;->.
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
        var ambiguous = new AmbiguousTriples();
        var search = new SubsetSearch(test, options.Alpha, cancellation);

        var (graph, separatingSets, queries) = SkeletonSearch.Run(
            test, variables, options, known.JoinsOnly(), progress, cancellation);
        bool rfci = options.Algorithm == SearchAlgorithm.Rfci;
        PagColliders.Reset(graph, known);
        if (!rfci && options.Fci.PossibleDSep != PossibleDSepRule.None)
        {
            PagColliders.Orient(graph, separatingSets, known, ambiguous);
            RemoveByPossibleDSep(graph, separatingSets, search, options, known);
            PagColliders.Reset(graph, known);
        }

        var dependence = new DependentTriples(graph, separatingSets, search, known);
        if (rfci)
        {
            dependence.Check(PagColliders.UnshieldedTriples(graph));
        }

        var refused = PagColliders.Orient(graph, separatingSets, known, ambiguous);
        var rules = new FciRules(graph, separatingSets, known, ambiguous)
        {
            RemovesEdge = rfci ? dependence.RemovesEdgeOf : _ => false,
        };
        rules.Close(options.Fci.SelectionBias);
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

    // All of it follows from the graph as it is when the step begins, so the order of pairs does not matter: each pair asks
    // for all its sets from the one side, the smallest first, then from the other. Which set is kept then agrees with pcalg.
    static void RemoveByPossibleDSep(
        GraphBuilder graph, SeparatingSets separatingSets, SubsetSearch search, DiscoveryOptions options, EdgeKnowledge known)
    {
        int[][] possible = PossibleDSep.Of(graph, options.Fci.MaxPathLength);
        var parts = options.Fci.PossibleDSep == PossibleDSepRule.OnPath ? new BiconnectedComponents(graph) : null;
        (int X, int Y)[] edges =
        [
            .. from x in Enumerable.Range(0, graph.Count)
               from y in graph.Adjacent(x)
               where y > x && !known.MustJoin(x, y)
               select (x, y),
        ];
        int most = MostGiven(graph, separatingSets, options);
        SubsetQuestion[] fromX = [.. edges.Select(edge => Question(edge.X, edge.Y))], fromY = [.. edges.Select(edge => Question(edge.Y, edge.X))];
        int largest = fromX.Concat(fromY).Select(question => question.Candidates.Length).DefaultIfEmpty().Max();
        for (int depth = 1; depth <= Math.Min(most, largest); depth++)
        {
            search.Ask(fromX, depth);
            search.Ask(fromY.Where((_, i) => fromX[i].Separating is null), depth);
            foreach (var (one, other) in fromX.Zip(fromY))
            {
                one.Separating ??= other.Separating;
                other.Separating = one.Separating;
            }
        }

        foreach (var separating in fromX.Select(question => question.Separating).OfType<SeparatingSet>())
        {
            graph.Disconnect(separating.X, separating.Y);
            separatingSets.Add(separating);
        }

        // Where nothing lies beyond the neighbours, the skeleton search has asked about everything.
        SubsetQuestion Question(int x, int y)
        {
            int[] neighbours = [.. graph.Adjacent(x)];
            int[] candidates = [.. possible[x].Where(node => node != y && parts?.IsOnPath(node, x, y) != false)];
            bool beyond = candidates.Any(node => Array.BinarySearch(neighbours, node) < 0);
            return new(x, y, beyond ? candidates : [], most <= (options.MaxDepth ?? int.MaxValue) ? neighbours : []);
        }
    }

    static int MostGiven(GraphBuilder graph, SeparatingSets separatingSets, DiscoveryOptions options)
    {
        int most = options.Fci.MaxPossibleDSepDepth ?? options.MaxDepth ?? int.MaxValue;
        if (!options.Fci.Adaptive)
        {
            return most;
        }

        // The last level of the skeleton search either found a set of its size or left a variable with one neighbour more.
        int neighbours = Enumerable.Range(0, graph.Count).Max(node => graph.Adjacent(node).Count());
        int reached = Math.Max(neighbours - 1, separatingSets.All.Select(set => set.Given.Count).DefaultIfEmpty().Max());
        return Math.Min(most, reached);
    }
}
