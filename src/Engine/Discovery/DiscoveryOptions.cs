using CausalMixFT.Engine.Encoding;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Which search turns answers about independence into a graph.</summary>
public enum SearchAlgorithm
{
    /// <summary>PC: no hidden common causes; gives a CPDAG.</summary>
    Pc,

    /// <summary>FCI: common causes may be hidden and rows selected; gives a PAG.</summary>
    Fci,

    /// <summary>RFCI (Colombo et al. 2012): FCI without its possible-d-sep step; far fewer tests, a graph a little less informative.</summary>
    Rfci,
}

/// <summary>Which test of independence a search asks.</summary>
public enum TestChoice
{
    /// <summary>Chosen by the columns' kinds: <see cref="FisherZ"/>, <see cref="GSquared"/> or <see cref="Mixed"/>.</summary>
    Auto,

    /// <summary>Partial correlation; needs numeric columns.</summary>
    FisherZ,

    /// <summary>G² of contingency tables; needs discrete columns.</summary>
    GSquared,

    /// <summary>Pearson's χ² of contingency tables; needs discrete columns.</summary>
    ChiSquare,

    /// <summary>The likelihood ratio of block regression; takes any columns, and sees only straight lines between numbers.</summary>
    Mixed,

    /// <summary>The mixed test that also sees curves, by a few functions of each number's rank; takes any columns.</summary>
    Basis,

    /// <summary>The kernel test KCI; takes any columns, finds dependence of any form, up to 5,000 rows. Never chosen by auto.</summary>
    Kci,

    /// <summary>RCoT, which approximates KCI by random features; takes any columns and any number of rows. Never chosen by auto.</summary>
    Rcot,
}

/// <summary>What is remembered of the sets that separate a pair.</summary>
public enum SeparatingSetRule
{
    /// <summary>The first that is found, in lexicographic order from the smaller variable's neighbours on (pcalg).</summary>
    First,

    /// <summary>The union of all at the level that removes the edge, so that fewer colliders are oriented (causal-learn).</summary>
    Union,
}

/// <summary>How rows are drawn to see which edges are found again.</summary>
public enum ResamplingRule
{
    /// <summary>As many as there are, with replacement: the bootstrap. Weak edges show; one in a hundred pairs is joined wrongly.</summary>
    WithReplacement,

    /// <summary>Half of the rows, none twice: far fewer false edges, and fewer true ones.</summary>
    Half,
}

/// <summary>How a causal graph is discovered; the defaults are the recommended run.</summary>
public sealed record DiscoveryOptions
{
    /// <summary>The rules of pcalg's pc() as it comes (u2pd = "relaxed"): any conditioning set, the last collider decides.</summary>
    public static DiscoveryOptions LikePcalg => new()
    {
        MaxDepth = null,
        Colliders = ColliderRule.Overwrite,
        Propagation = PropagationRule.Overwrite,
    };

    /// <summary>The rules of causal-learn's pc() as it comes (uc_rule 0, uc_priority 2): any conditioning set, the first collider stays.</summary>
    public static DiscoveryOptions LikeCausalLearn => new()
    {
        MaxDepth = null,
        SeparatingSets = SeparatingSetRule.Union,
        Colliders = ColliderRule.KeepFirst,
    };

    /// <summary>The level of significance: a pair whose p-value reaches it is taken for independent.</summary>
    public double Alpha { get; init; } = 0.01;

    /// <summary>The most variables given in one test; null for no limit.</summary>
    /// <remarks>
    /// Three: deeper tests on tables of a few thousand rows have little power, remove true edges, and cost most of the
    /// time. Conformance runs use null. It bounds the sets that <see cref="Triples"/> asks about too: without it those double
    /// with every neighbour.
    /// </remarks>
    public int? MaxDepth { get; init; } = 3;

    /// <summary>Which search to run.</summary>
    public SearchAlgorithm Algorithm { get; init; } = SearchAlgorithm.Pc;

    /// <summary>Which test to ask.</summary>
    public TestChoice Test { get; init; } = TestChoice.Auto;

    /// <summary>Replace numbers by normal scores of their ranks; null does so for the mixed test only.</summary>
    /// <remarks>
    /// Real tables hold amounts with heavy tails, where a few rows decide a covariance. Fisher-z stays on the raw numbers
    /// unless asked, as other programs have it; asked, it keeps its size and finds monotone links that a few outliers hide.
    /// Ranks suit columns that are each a warped picture of linear, normal ones; where effects add up on the raw scale, and
    /// two or more variables are given, ranks bend the sum, and independent columns look dependent (docs/calibration.md).
    /// </remarks>
    public bool? RankNormalise { get; init; }

    /// <summary>Most levels of a discrete column that are told apart; the rarest beyond are pooled.</summary>
    public int MaxLevels { get; init; } = 30;

    /// <summary>What a test does with rows that lack a value.</summary>
    public MissingValues Missing { get; init; } = MissingValues.TestWise;

    /// <summary>What is remembered of separating sets.</summary>
    public SeparatingSetRule SeparatingSets { get; init; } = SeparatingSetRule.First;

    /// <summary>When a triple is taken for a collider.</summary>
    public TripleRule Triples { get; init; } = TripleRule.Standard;

    /// <summary>What happens when colliders disagree.</summary>
    public ColliderRule Colliders { get; init; } = ColliderRule.SurestFirst;

    /// <summary>What Meek's rules do where colliders disagree.</summary>
    public PropagationRule Propagation { get; init; } = PropagationRule.Acyclic;

    /// <summary>What FCI and RFCI do beyond PC.</summary>
    public FciOptions Fci { get; init; } = new();

    /// <summary>What is known beforehand, or null.</summary>
    public BackgroundKnowledge? Knowledge { get; init; }

    /// <summary>Resamples of the rows to search for how sure each edge is; 0 for none.</summary>
    public int Bootstraps { get; init; }

    /// <summary>How the rows of a resample are drawn.</summary>
    /// <remarks>
    /// Rows that stand twice make every test too sure, and still the shares are nearer to the truth than those of halves,
    /// which lose weak edges (docs/decisions/resampling-with-replacement.md).
    /// </remarks>
    public ResamplingRule Resampling { get; init; } = ResamplingRule.WithReplacement;

    /// <summary>DAGs to draw by how sure each edge is; 0 for none. Needs resamples.</summary>
    public int EnsembleSize { get; init; }

    /// <summary>The seed of resamples and ensembles.</summary>
    public ulong Seed { get; init; } = 1;
}
