using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

/// <summary>Whether something is done: as the rest suggests, yes, or no.</summary>
enum Switch
{
    /// <summary>As the test suggests.</summary>
    Auto,

    /// <summary>Yes.</summary>
    On,

    /// <summary>No.</summary>
    Off,
}

/// <summary>A command that discovers a graph of a table's columns.</summary>
abstract class SearchCommand : TableCommand
{
    [Option("algorithm", Default = SearchAlgorithm.Pc, HelpText = "The search; fci and its faster kin rfci where common causes may be hidden.")]
    public SearchAlgorithm Algorithm { get; set; }

    [Option("test", Default = TestChoice.Auto, HelpText = "The independence test; auto chooses by the columns' kinds.")]
    public TestChoice Test { get; set; }

    [Option("alpha", Default = 0.01, HelpText = "Level of significance of the independence tests.")]
    public double Alpha { get; set; }

    [Option("max-depth", Default = 3, HelpText = "Most variables given in one independence test.")]
    public int MaxDepth { get; set; }

    [Option("rank", Default = Switch.Auto, HelpText = "Replace numbers by normal scores of their ranks; auto does so for the mixed test.")]
    public Switch Rank { get; set; }

    [Option("max-levels", Default = 30, HelpText = "Most levels of a discrete column that are told apart; the rarest beyond are pooled.")]
    public int MaxLevels { get; set; }

    [Option("missing", Default = MissingValues.TestWise, HelpText = "What a test does with rows that lack a value.")]
    public MissingValues Missing { get; set; }

    [Option("knowledge", MetaValue = "FILE", HelpText = "What is known beforehand: tiers, forbidden and required edges, sinks, roots; ours or Tetrad's format.")]
    public string? Knowledge { get; set; }

    [Option("sink", MetaValue = "A,B", HelpText = "Columns that cause no other.")]
    public string? Sink { get; set; }

    [Option("root", MetaValue = "A,B", HelpText = "Columns that no other causes.")]
    public string? Root { get; set; }

    [Option("separating-sets", Default = SeparatingSetRule.First, HelpText = "What is remembered of the sets that separate a pair; union is causal-learn's way.")]
    public SeparatingSetRule SeparatingSets { get; set; }

    [Option("triples", Default = TripleRule.Standard, HelpText = "When a triple is taken for a collider.")]
    public TripleRule Triples { get; set; }

    [Option("colliders", Default = ColliderRule.SurestFirst, HelpText = "What happens when colliders disagree.")]
    public ColliderRule Colliders { get; set; }

    [Option("propagation", Default = PropagationRule.Acyclic, HelpText = "What Meek's rules do then.")]
    public PropagationRule Propagation { get; set; }

    [Option("no-selection-bias", HelpText = "FCI: rows were not selected by an effect of the columns, so leave out rules R5 to R7.")]
    public bool NoSelectionBias { get; set; }

    [Option("possible-dsep", Default = PossibleDSepRule.OnPath, HelpText = "FCI: which separating sets are tried beyond neighbours.")]
    public PossibleDSepRule PossibleDSep { get; set; }

    [Option("possible-dsep-depth", Default = 2, HelpText = "FCI: most variables given in one test of that step, besides --max-depth.")]
    public int PossibleDSepDepth { get; set; }

    [Option("max-path", HelpText = "FCI: most edges on a path into possible-d-sep. (default: no limit)")]
    public int? MaxPath { get; set; }

    [Option("beyond-neighbours", Default = BeyondNeighboursRule.SeparatingSet, HelpText = "FCI: what --triples makes of a pair that only that step separates.")]
    public BeyondNeighboursRule BeyondNeighbours { get; set; }

    [Option("adaptive", HelpText = "FCI: bound that step by the largest set that the first step came to.")]
    public bool Adaptive { get; set; }

    [Option("bootstrap", Default = 0, HelpText = "Resamples of the rows to search too, for how sure each edge is; 100 are of use.")]
    public int Bootstrap { get; set; }

    [Option("resampling", Default = ResamplingRule.WithReplacement, HelpText = "How the rows of a resample are drawn.")]
    public ResamplingRule Resampling { get; set; }

    [Option("ensemble", Default = 0, HelpText = "DAGs to draw by how sure each edge is; needs --bootstrap.")]
    public int Ensemble { get; set; }

    /// <summary>How to search, knowledge read from its file.</summary>
    protected DiscoveryOptions Discovery()
    {
        Check(Alpha is > 0 and < 1, "alpha", Alpha, "a number between 0 and 1");
        Check(MaxDepth >= 0, "max-depth", MaxDepth, "a number from 0 on");
        Check(MaxLevels >= 2, "max-levels", MaxLevels, "a number from 2 on");
        Check(PossibleDSepDepth >= 0, "possible-dsep-depth", PossibleDSepDepth, "a number from 0 on");
        Check(MaxPath is null or >= 1, "max-path", MaxPath, "a number from 1 on");
        Check(Bootstrap >= 0, "bootstrap", Bootstrap, "a number from 0 on");
        Check(Ensemble >= 0, "ensemble", Ensemble, "a number from 0 on");
        Check(Ensemble == 0 || Bootstrap > 0, "ensemble", Ensemble, "resamples to draw the graphs by, such as --bootstrap 100,");
        var knowledge = (Knowledge is null ? new() : KnowledgeFile.Read(Knowledge)).With(Names(Sink), Names(Root));
        return new()
        {
            Algorithm = Algorithm,
            Test = Test,
            Alpha = Alpha,
            MaxDepth = MaxDepth,
            RankNormalise = Rank switch { Switch.On => true, Switch.Off => false, _ => null },
            MaxLevels = MaxLevels,
            Missing = Missing,
            Knowledge = knowledge.IsEmpty ? null : knowledge,
            SeparatingSets = SeparatingSets,
            Triples = Triples,
            Colliders = Colliders,
            Propagation = Propagation,
            Bootstraps = Bootstrap,
            Resampling = Resampling,
            EnsembleSize = Ensemble,
            Fci = new()
            {
                SelectionBias = !NoSelectionBias,
                PossibleDSep = PossibleDSep,
                MaxPossibleDSepDepth = PossibleDSepDepth,
                MaxPathLength = MaxPath,
                BeyondNeighbours = BeyondNeighbours,
                Adaptive = Adaptive,
            },
        };
    }

    /// <summary>The same with knowledge that is checked against the columns that a graph is searched of.</summary>
    /// <param name="options">How to search.</param>
    /// <param name="loaded">The table as the file has it.</param>
    /// <param name="searched">The columns that a graph is searched of.</param>
    /// <param name="terminal">Told which statements are void.</param>
    protected DiscoveryOptions Checked(DiscoveryOptions options, LoadedTable loaded, Table searched, Terminal terminal)
    {
        if (options.Knowledge is null)
        {
            return options;
        }

        var present = searched.Columns.Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        var leftOut = loaded.Table.Columns.Concat(loaded.LeftOut).Select(column => column.Name).Concat(Names(Drop)).Concat(Names(Id));
        var knowledge = options.Knowledge.LeavingOut(leftOut.Where(name => !present.Contains(name)));
        knowledge.Check(searched.Columns);
        terminal.Note(knowledge.LeftOut.Select(name => $"What is known of column '{name}' is not used: the graph leaves it out."));
        return options with { Knowledge = knowledge };
    }
}
