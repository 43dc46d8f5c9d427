using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>Rules of PC by the names that other programs give them.</summary>
static class PcRules
{
    static readonly DiscoveryOptions Exact = new() { MaxDepth = null };

    /// <summary>Every combination of rules that another program has, and the project's own.</summary>
    public static IReadOnlyList<DiscoveryOptions> All { get; } = ((DiscoveryOptions[])
    [
        .. Enum.GetValues<TripleRule>().Select(triples => Exact with { Triples = triples }),
        .. from colliders in Enum.GetValues<ColliderRule>()
           from propagation in Enum.GetValues<PropagationRule>()
           select Exact with { Colliders = colliders, Propagation = propagation },
        .. new[] { "relaxed", "solve.confl", "conservative", "majority" }.Select(Pcalg),
        .. Enumerable.Range(0, 5).Select(priority => CausalLearn(0, priority)),
        .. Enumerable.Range(0, 5).Select(priority => CausalLearn(1, priority)),
        .. Enumerable.Range(2, 3).Select(priority => CausalLearn(2, priority)),
    ]).Distinct().ToArray();

    /// <summary>pcalg's pc() with u2pd = "relaxed" and the named switch.</summary>
    public static DiscoveryOptions Pcalg(string orient) => orient switch
    {
        "relaxed" => DiscoveryOptions.LikePcalg,
        "solve.confl" => DiscoveryOptions.LikePcalg with { Colliders = ColliderRule.Bidirected, Propagation = PropagationRule.Bidirected },
        "conservative" => DiscoveryOptions.LikePcalg with { Triples = TripleRule.Conservative },
        "majority" => DiscoveryOptions.LikePcalg with { Triples = TripleRule.Majority },
        _ => throw new ArgumentOutOfRangeException(nameof(orient), orient, "pcalg has no such rule."),
    };

    /// <summary>causal-learn's pc() with stable = True; a priority of -1 is the rule's own default.</summary>
    public static DiscoveryOptions CausalLearn(int rule, int priority) => DiscoveryOptions.LikeCausalLearn with
    {
        Triples = rule switch { 0 => TripleRule.Standard, 1 => TripleRule.MaxP, _ => TripleRule.DefiniteMaxP },
        Colliders = (rule, priority) switch
        {
            (_, 0) => ColliderRule.Overwrite,
            (_, 1) => ColliderRule.Bidirected,
            (_, 2) => ColliderRule.KeepFirst,
            (_, 3) or (0 or 1, -1) => ColliderRule.DependentGivenMiddleFirst,
            _ => ColliderRule.IndependentWithoutMiddleFirst,
        },
    };
}
