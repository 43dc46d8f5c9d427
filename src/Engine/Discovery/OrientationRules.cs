namespace CausalMixFT.Engine.Discovery;

/// <summary>When x --- y --- z, with x and z not joined, is taken for a collider x --> y &lt;-- z.</summary>
public enum TripleRule
{
    /// <summary>When y is not in the set by which the search separated x and z.</summary>
    Standard,

    /// <summary>
    /// When y is in none of the sets of neighbours of x or of z that separate the two; a triple where it is in some and
    /// not in others is ambiguous, and no rule builds on it (Ramsey, Spirtes and Zhang 2006; pcalg's conservative).
    /// </summary>
    Conservative,

    /// <summary>
    /// When y is in fewer than half of those sets; the triple is ambiguous at exactly half (Colombo and Maathuis 2014;
    /// pcalg's maj.rule).
    /// </summary>
    Majority,

    /// <summary>
    /// When the largest p-value among the sets without y exceeds the largest among those with it (Ramsey 2016;
    /// causal-learn's uc_rule 1).
    /// </summary>
    MaxP,

    /// <summary>
    /// As <see cref="Conservative"/>, and by the largest p-value where no set separates; ambiguous triples wait until the
    /// others have had their say (causal-learn's uc_rule 2).
    /// </summary>
    DefiniteMaxP,
}

/// <summary>What happens when two colliders want one edge to point both ways.</summary>
public enum ColliderRule
{
    /// <summary>
    /// Colliders are oriented by falling p-value of the pair's independence, the surest first; one that contradicts
    /// another or closes a cycle is left out.
    /// </summary>
    SurestFirst,

    /// <summary>The collider that was oriented first stays, in order of y (causal-learn's default, uc_priority 2).</summary>
    KeepFirst,

    /// <summary>
    /// The later one overwrites, in order of y; the result may hold a cycle (pcalg's "relaxed", causal-learn's
    /// uc_priority 0).
    /// </summary>
    Overwrite,

    /// <summary>The edge gets an arrowhead at both ends (pcalg's solve.confl, causal-learn's uc_priority 1).</summary>
    Bidirected,

    /// <summary>
    /// As <see cref="KeepFirst"/>, by rising p-value of x and z given sets with y: what least looks like no collider goes
    /// first (causal-learn's uc_priority 3).
    /// </summary>
    DependentGivenMiddleFirst,

    /// <summary>
    /// As <see cref="KeepFirst"/>, by falling p-value of x and z given sets without y: what most looks like a collider
    /// goes first (causal-learn's uc_priority 4).
    /// </summary>
    IndependentWithoutMiddleFirst,
}

/// <summary>What Meek's rules do where colliders that do not fit each other lead them to contradict themselves.</summary>
public enum PropagationRule
{
    /// <summary>An edge stays undirected when its direction would close a cycle (causal-learn).</summary>
    Acyclic,

    /// <summary>The rule that applies last decides; the result may hold a cycle (pcalg's "relaxed").</summary>
    Overwrite,

    /// <summary>
    /// A rule reads the graph as its pass began, so that order does not matter, and an edge that is asked to point both
    /// ways gets an arrowhead at both ends (pcalg's solve.confl).
    /// </summary>
    Bidirected,
}
