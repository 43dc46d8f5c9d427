using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A discovered graph and how it came about.</summary>
/// <param name="Graph">What the data tell: a <see cref="Cpdag"/> by PC, a <see cref="Pag"/> by FCI.</param>
/// <param name="SeparatingSets">What separates each pair that is not joined.</param>
/// <param name="Extension">One DAG that the graph stands for.</param>
/// <param name="TestName">The test that was asked: fisherz, gsq, chisq, mixed, basis, kci or rcot.</param>
/// <param name="Alpha">The level of significance.</param>
/// <param name="Queries">How many questions it was asked.</param>
/// <param name="Notes">What was done to the data on the way, a sentence each.</param>
public sealed record DiscoveryResult(
    CausalGraph Graph, SeparatingSets SeparatingSets, Dag Extension, string TestName, double Alpha, long Queries,
    IReadOnlyList<string> Notes)
{
    /// <summary>How sure each edge is, counted over resamples of the rows; null when none were drawn.</summary>
    public EdgeConfidence? Confidence { get; init; }

    /// <summary>DAGs drawn by that confidence; empty when none were asked for.</summary>
    public IReadOnlyList<Dag> Ensemble { get; init; } = [];
}

/// <summary>From a table to a causal graph: chooses the test, runs PC or FCI, and extends the result to a DAG.</summary>
public static class CausalDiscovery
{
    // With five rows per cell of the larger tables that are given one variable, χ² describes them well enough.
    const int RowsPerCell = 5;

    // Whole numbers of more values than this are seldom codes.
    const int MostCodes = 12;

    // An indicator of fewer rows than this is an outlier, not a level.
    const int FewestRowsOfLevel = 5;

    /// <summary>Discovers the graph of <paramref name="table"/>.</summary>
    /// <exception cref="InputException">The test does not fit the columns, or the knowledge contradicts itself.</exception>
    public static DiscoveryResult Discover(
        Table table, DiscoveryOptions options, ComputeDevice device, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        if (table.Rows < 5)
        {
            throw new InputException($"A graph cannot be discovered from {table.Rows} rows: give 5 at the least, hundreds to be of use.");
        }

        if (options.EnsembleSize > 0 && options.Bootstraps == 0)
        {
            throw new InputException(
                $"{options.EnsembleSize} graphs were asked for, and they are drawn by how often resamples of the rows have each edge: " +
                "ask for resamples too, such as --bootstrap 100.");
        }

        var notes = new List<string>();
        Variable[] variables = [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
        var choice = Choose(table, options, notes);
        var blocks = Encode(table, choice, options);
        notes.AddRange(blocks.Notes);

        // The search of all rows is one of as many as there are resamples, and one.
        double searchShare = 1.0 / (1 + options.Bootstraps);
        var test = OpenOnCompleteRows(choice, blocks, device);
        using var _ = (IDisposable)test;
        var (graph, separatingSets, queries) = Search(
            test, variables, options, notes, options.Bootstraps == 0 ? progress : Part.Of(progress, 0, searchShare), cancellation);
        if (test.Undecided > 0)
        {
            notes.Add(
                $"{test.Undecided} of {queries} tests could not be decided, because what was given determines one of the pair " +
                "(as minutes determine a charge): such a test takes no edge away.");
        }

        var extension = DagExtension.Of(graph, out var extensionNotes);
        notes.AddRange(extensionNotes);
        var result = new DiscoveryResult(graph, separatingSets, extension, test.Name, options.Alpha, queries, notes);
        if (options.Bootstraps == 0)
        {
            return result;
        }

        var confidence = EdgeConfidence.Of(BootstrapDiscovery.Run(
            table.Rows, options, device,
            (rows, on) => GraphOf(blocks.Resample(rows), choice, variables, options, on, cancellation),
            Part.Of(progress, searchShare, 1), cancellation));
        return result with
        {
            Confidence = confidence,
            Ensemble = DagEnsemble.Draw(confidence, options.EnsembleSize, options.Seed, options.Knowledge),
        };
    }

    static CausalGraph GraphOf(
        BlockEncoding blocks, TestChoice choice, Variable[] variables, DiscoveryOptions options, ComputeDevice device,
        CancellationToken cancellation)
    {
        var test = OpenOnCompleteRows(choice, blocks, device);
        using var _ = (IDisposable)test;
        return Search(test, variables, options, [], null, cancellation).Graph;
    }

    /// <summary>Opens a test on a table as <see cref="Discover"/> does; the caller disposes it.</summary>
    /// <param name="table">The table, whose columns suit the test.</param>
    /// <param name="choice">Which test; not <see cref="TestChoice.Auto"/>.</param>
    /// <param name="options">How columns are encoded; its own choice of test is not looked at.</param>
    /// <param name="device">Where the test runs.</param>
    public static IIndependenceTest OpenTest(Table table, TestChoice choice, DiscoveryOptions options, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        return OpenOnCompleteRows(choice, Encode(table, choice, options), device);
    }

    static BlockEncoding Encode(Table table, TestChoice choice, DiscoveryOptions options) => BlockEncoding.Of(table, new BlockOptions
    {
        RankNormalise = options.RankNormalise ?? choice == TestChoice.Mixed,
        MaxLevels = options.MaxLevels,
        FewestRows = choice is TestChoice.Mixed or TestChoice.Basis ? FewestRowsOfLevel : 1,
        Missing = options.Missing,
        BasisColumns = choice == TestChoice.Basis ? NormalScoreBasis.ColumnsFor(table.Rows) : 1,
    });

    static (CausalGraph Graph, SeparatingSets SeparatingSets, long Queries) Search(
        IIndependenceTest test, Variable[] variables, DiscoveryOptions options, List<string> notes, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        if (options.Algorithm == SearchAlgorithm.Pc)
        {
            var (cpdag, separatingSets, queries) = PcSearch.Run(test, variables, options, options.Knowledge, progress, cancellation);
            return (cpdag, separatingSets, queries);
        }

        var result = FciSearch.Run(test, variables, options, options.Knowledge, progress, cancellation);
        notes.AddRange(result.Notes);
        return (result.Graph, result.SeparatingSets, result.Queries);
    }

    /// <summary>The test to ask, after checking that it fits the columns.</summary>
    /// <remarks>
    /// Left to itself: all numbers, Fisher-z; all discrete, G² as long as a table of the three columns with most levels has
    /// 5 rows a cell, because sparser tables make G² reject too often or too seldom; everything else, the mixed test.
    /// </remarks>
    internal static TestChoice Choose(Table table, DiscoveryOptions options, List<string> notes)
    {
        var numbers = table.Columns.Where(column => !column.IsDiscrete).ToArray();
        var discrete = table.Columns.Where(column => column.IsDiscrete).ToArray();
        switch (options.Test)
        {
            case TestChoice.FisherZ when discrete.Length > 0:
                throw new InputException(
                    $"The test fisherz needs numbers, and column '{discrete[0].Name}' is {discrete[0].Kind}: use mixed, or auto.");
            case TestChoice.GSquared or TestChoice.ChiSquare when numbers.Length > 0:
                throw new InputException(
                    $"The test {(options.Test == TestChoice.GSquared ? "gsq" : "chisq")} needs discrete columns, and column " +
                    $"'{numbers[0].Name}' is {numbers[0].Kind}: use mixed, or mark it with --categorical {numbers[0].Name}.");
            case not TestChoice.Auto:
                return options.Test;
        }

        if (discrete.Length == 0)
        {
            if (numbers.All(MayBeCodes))
            {
                notes.Add(
                    $"Every column holds whole numbers of at most {MostCodes} values, tested as numbers: where they are codes of " +
                    "categories, name the columns with --categorical.");
            }

            return TestChoice.FisherZ;
        }

        if (numbers.Length > 0)
        {
            return TestChoice.Mixed;
        }

        double cells = discrete.Select(column => (double)Math.Min(column.Levels.Count, options.MaxLevels))
            .OrderDescending().Take(3).Aggregate(1.0, (product, levels) => product * levels);
        if (table.Rows >= RowsPerCell * cells)
        {
            return TestChoice.GSquared;
        }

        notes.Add(
            $"{table.Rows} rows are too few for contingency tables of {cells:0} cells: the mixed test was asked instead of gsq.");
        return TestChoice.Mixed;
    }

    /// <summary>The test, leaving out rows with gaps question by question; contingency tables do so themselves.</summary>
    static bool MayBeCodes(Column column)
    {
        var seen = new HashSet<double>();
        foreach (double value in column.Values)
        {
            if (!double.IsNaN(value) && seen.Add(value) && (seen.Count > MostCodes || column.Kind != ColumnKind.Integer))
            {
                return false;
            }
        }

        return true;
    }

    static IIndependenceTest OpenOnCompleteRows(TestChoice choice, BlockEncoding blocks, ComputeDevice device) =>
        !blocks.HasGaps || choice is TestChoice.GSquared or TestChoice.ChiSquare ||
        (choice == TestChoice.Kci && blocks.Rows > KernelConditionalIndependence.MostRows) // refused, before any question
            ? Open(choice, blocks, device)
            : new TestWiseDeletion(
                choice.ToString().ToLowerInvariant(), blocks, device, complete => Open(choice, complete, device));

    static IIndependenceTest Open(TestChoice choice, BlockEncoding blocks, ComputeDevice device) => choice switch
    {
        TestChoice.FisherZ => new FisherZTest(blocks, device),
        TestChoice.GSquared => new GSquaredTest(blocks, device),
        TestChoice.ChiSquare => new GSquaredTest(blocks, device, ContingencyStatistic.Pearson),
        TestChoice.Basis => new BasisExpansionTest(blocks, device),
        TestChoice.Kci => new KciTest(blocks, device),
        TestChoice.Rcot => new RcotTest(blocks, device),
        _ => new MixedLikelihoodRatioTest(blocks, device),
    };

    // One of two parts of a job tells its own share.
    sealed class Part(IProgress<double> whole, double from, double to) : IProgress<double>
    {
        public static Part? Of(IProgress<double>? whole, double from, double to) => whole is null ? null : new(whole, from, to);

        public void Report(double value) => whole.Report(from + (to - from) * value);
    }
}
