using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What is held of unshielded triples of a PAG: by the search's separating sets alone, or by a <see cref="TripleRule"/>.</summary>
sealed class PagTriples(SeparatingSets separatingSets)
{
    readonly Dictionary<UnshieldedTriple, TripleVerdict> _verdicts = [];

    /// <summary>Judges every unshielded triple by the rule; returns how many questions that took.</summary>
    /// <remarks>
    /// Where no set of neighbours separates a pair, possible-d-sep has: then <see cref="BeyondNeighboursRule"/> decides.
    /// Without that step such a triple is ambiguous.
    /// </remarks>
    public long Judge(GraphBuilder graph, IIndependenceTest test, DiscoveryOptions options, bool possibleDSep, CancellationToken cancellation)
    {
        if (options.Triples == TripleRule.Standard)
        {
            return 0;
        }

        int[][] adjacent = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
        var judgement = TripleJudgement.Of(
            UnshieldedTriple.In(graph, adjacent), adjacent, separatingSets, test, options, cancellation);
        for (int i = 0; i < judgement.Triples.Count; i++)
        {
            bool beyond = possibleDSep && judgement.Evidence[i] is { With: 0, Without: 0 };
            if (!beyond || options.Fci.BeyondNeighbours == BeyondNeighboursRule.Collider)
            {
                _verdicts[judgement.Triples[i]] = beyond ? TripleVerdict.Collider : judgement.Verdicts[i];
            }
        }

        return judgement.Queries;
    }

    /// <summary>Whether y is known to be neither a collider between x and z nor not.</summary>
    public bool IsAmbiguous(int x, int y, int z) =>
        _verdicts.Count > 0 && _verdicts.GetValueOrDefault(UnshieldedTriple.Of(x, y, z)) == TripleVerdict.Ambiguous;

    /// <summary>Whether y takes part in separating x and z; null where nothing is known of the two.</summary>
    public bool? Separates(int x, int y, int z) =>
        _verdicts.Count > 0 && _verdicts.TryGetValue(UnshieldedTriple.Of(x, y, z), out var verdict) && verdict != TripleVerdict.Ambiguous
            ? verdict == TripleVerdict.NonCollider
            : separatingSets.Of(x, z)?.Given.Contains(y);
}
