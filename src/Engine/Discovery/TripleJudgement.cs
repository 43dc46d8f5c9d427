namespace CausalMixFT.Engine.Discovery;

/// <summary>What a <see cref="TripleRule"/> holds of the unshielded triples of a skeleton.</summary>
/// <param name="Triples">The triples, by y, then x, then z.</param>
/// <param name="Verdicts">The verdict of each.</param>
/// <param name="Evidence">What the neighbours' sets say of each; empty where only the search's own sets were looked at.</param>
/// <param name="Queries">How many questions were asked beyond the search's.</param>
sealed record TripleJudgement(
    IReadOnlyList<UnshieldedTriple> Triples, TripleVerdict[] Verdicts, TripleEvidence[] Evidence, long Queries)
{
    /// <summary>The ambiguous triples.</summary>
    public HashSet<UnshieldedTriple> Ambiguous { get; } =
        [.. Triples.Where((_, i) => Verdicts[i] == TripleVerdict.Ambiguous)];

    /// <summary>Judges every triple, asking the test where the rule or the order of colliders needs more than the search's sets.</summary>
    public static TripleJudgement Of(
        IReadOnlyList<UnshieldedTriple> triples, int[][] adjacent, SeparatingSets separatingSets, IIndependenceTest test,
        DiscoveryOptions options, CancellationToken cancellation)
    {
        bool asks = options.Triples != TripleRule.Standard
            || options.Colliders is ColliderRule.DependentGivenMiddleFirst or ColliderRule.IndependentWithoutMiddleFirst;
        var (evidence, queries) = asks
            ? TripleEvidence.Gather(triples, adjacent, test, options.Alpha, options.MaxDepth, cancellation)
            : ([], 0);
        var verdicts = new TripleVerdict[triples.Count];
        for (int i = 0; i < triples.Count; i++)
        {
            var (x, y, z) = triples[i];
            verdicts[i] = options.Triples switch
            {
                TripleRule.Conservative => Unanimous(evidence[i]),
                TripleRule.Majority => ByMost(evidence[i]),
                TripleRule.MaxP => ByLargest(evidence[i]),
                TripleRule.DefiniteMaxP => evidence[i] is (0, 0, _, _) ? ByLargest(evidence[i]) : Unanimous(evidence[i]),

                // No set is known for a pair that was never joined: then nothing is known of the triple either.
                _ => !separatingSets.Separates(x, z) ? TripleVerdict.Ambiguous
                    : separatingSets.Holds(x, z, y) ? TripleVerdict.NonCollider
                    : TripleVerdict.Collider,
            };
        }

        return new(triples, verdicts, evidence, queries);
    }

    static TripleVerdict Unanimous(TripleEvidence evidence) => (evidence.With, evidence.Without) switch
    {
        (0, > 0) => TripleVerdict.Collider,
        ( > 0, 0) => TripleVerdict.NonCollider,
        _ => TripleVerdict.Ambiguous,
    };

    static TripleVerdict ByMost(TripleEvidence evidence) =>
        evidence.With < evidence.Without ? TripleVerdict.Collider
        : evidence.With > evidence.Without ? TripleVerdict.NonCollider
        : TripleVerdict.Ambiguous;

    static TripleVerdict ByLargest(TripleEvidence evidence) =>
        evidence.LargestWithout > evidence.LargestWith ? TripleVerdict.Collider : TripleVerdict.NonCollider;
}
