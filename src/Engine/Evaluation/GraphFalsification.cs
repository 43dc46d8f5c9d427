using System.Text.Json.Serialization;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>An independence that a graph implies and the data contradict.</summary>
/// <param name="X">A variable.</param>
/// <param name="Y">Another.</param>
/// <param name="Given">What makes them independent, says the graph.</param>
/// <param name="PValue">The chance of data at least this dependent, were the graph right.</param>
public sealed record ViolatedIndependence(string X, string Y, IReadOnlyList<string> Given, double PValue);

/// <summary>Whether the data contradict the independences that a graph implies, more than they would by chance, and less than a random graph's.</summary>
/// <remarks>
/// Eulig et al. (2023), as DoWhy's falsify_graph: the local Markov conditions of the graph are tested, and those of graphs of the same
/// shape with the variables shuffled. A right graph violates a share α of its conditions; one no better than the shuffled
/// ones says nothing of these variables. Conditions that share variables are not independent, so the share is no test by itself.
/// </remarks>
public sealed record GraphFalsification
{
    const uint ConditionPurpose = 0x636F6E64, PermutationPurpose = 0x7065726D; // "cond", "perm"

    // With more given, tests of a few thousand rows have little power and cost most of the time.
    const int MostGiven = 8;

    const int MostListed = 10, QueriesPerBatch = 512;

    /// <summary>The test that was asked.</summary>
    public required string Test { get; init; }

    /// <summary>The level at which an independence counts as violated.</summary>
    public required double Alpha { get; init; }

    /// <summary>How many of the graph's conditions were tested and decided.</summary>
    public required int Conditions { get; init; }

    /// <summary>How many of them the data violate.</summary>
    public required int Violations { get; init; }

    /// <summary>Their share; NaN where the graph implies nothing.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double ShareViolated => Conditions == 0 ? double.NaN : (double)Violations / Conditions;

    /// <summary>The share that each graph with shuffled variables violates, ascending.</summary>
    public required IReadOnlyList<double> ShuffledShares { get; init; }

    /// <summary>The share of shuffled graphs that violate as few or fewer: small for a graph that fits these variables; NaN without conditions.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double PValue { get; init; }

    /// <summary>The violated conditions with the smallest p-values, at most ten.</summary>
    public required IReadOnlyList<ViolatedIndependence> Worst { get; init; }

    /// <summary>A sentence for each thing that was left out.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Tests a graph against a table that has its variables as columns.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="dag">The graph.</param>
    /// <param name="options">The level, the number of shuffled graphs, the cap and the test.</param>
    /// <param name="device">Where the test runs.</param>
    /// <exception cref="InputException">The graph names a column that the table lacks, or the test does not fit the columns.</exception>
    public static GraphFalsification Run(Table table, Dag dag, QualityOptions options, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(dag);
        ArgumentNullException.ThrowIfNull(options);
        var notes = new List<string>();
        var columns = new Table([.. dag.Variables.Select(variable => table[variable.Name])]);
        var random = new Philox(options.Seed);
        var (all, leftOut) = LocalMarkovConditions.Of(dag, MostGiven);
        var conditions = LocalMarkovConditions.Draw(all, options.MaxConditions, random.Branch(ConditionPurpose));
        if (leftOut > 0)
        {
            notes.Add($"{leftOut} conditions of the graph that are given more than {MostGiven} variables were not tested.");
        }

        if (conditions.Count < all.Count)
        {
            notes.Add($"{conditions.Count} of the graph's {all.Count} conditions were drawn and tested.");
        }

        // Shuffling variables keeps the shape, so the drawn conditions of the shuffled graph are those of the graph, renamed.
        var shuffles = random.Branch(PermutationPurpose);
        ImpliedIndependence[][] shuffled = [.. Enumerable.Range(0, options.Permutations)
            .Select(number => Shuffle(dag.Count, shuffles, (uint)number))
            .Select(place => conditions.Select(condition => condition.Permuted(place)).ToArray())];
        var choice = CausalDiscovery.Choose(columns, options.Discovery, notes);
        var test = CausalDiscovery.OpenTest(columns, choice, options.Discovery, device);
        using var _ = (IDisposable)test;
        var pValues = Ask(test, conditions.Concat(shuffled.SelectMany(graph => graph)));
        var (decided, violated) = Count(conditions);
        if (decided < conditions.Count)
        {
            notes.Add($"{conditions.Count - decided} conditions could not be decided, because what is given determines one of the pair.");
        }

        double share = decided == 0 ? double.NaN : (double)violated / decided;
        double[] shares = [.. shuffled.Select(Count).Where(count => count.Decided > 0).Select(count => (double)count.Violated / count.Decided).Order()];
        return new()
        {
            Test = test.Name,
            Alpha = options.Alpha,
            Conditions = decided,
            Violations = violated,
            ShuffledShares = shares,
            PValue = decided == 0 || shares.Length == 0 ? double.NaN : shares.Count(other => other <= share) / (double)shares.Length,
            Worst = [.. conditions.DistinctBy(condition => condition.Key).Select(condition => (condition, P: pValues[condition.Key]))
                .Where(pair => pair.P <= options.Alpha).OrderBy(pair => pair.P).Take(MostListed)
                .Select(pair => new ViolatedIndependence(
                    Name(pair.condition.X), Name(pair.condition.Y), [.. pair.condition.Given.Select(Name)], pair.P))],
            Notes = notes,
        };

        string Name(int variable) => dag.Variables[variable].Name;

        (int Decided, int Violated) Count(IReadOnlyCollection<ImpliedIndependence> graph)
        {
            double[] p = [.. graph.Select(condition => pValues[condition.Key]).Where(value => !double.IsNaN(value))];
            return (p.Length, p.Count(value => value <= options.Alpha));
        }
    }

    // Every distinct condition once; NaN where the test could not decide.
    static Dictionary<string, double> Ask(IIndependenceTest test, IEnumerable<ImpliedIndependence> conditions)
    {
        var pValues = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var bySize in conditions.DistinctBy(condition => condition.Key).GroupBy(condition => condition.Given.Length))
        {
            foreach (var part in bySize.Chunk(QueriesPerBatch))
            {
                double[] answers = PValues(test, part, out bool allDecided);
                for (int i = 0; i < part.Length; i++)
                {
                    bool decided = true;
                    pValues[part[i].Key] = allDecided ? answers[i] : PValues(test, [part[i]], out decided)[0];
                    if (!decided)
                    {
                        pValues[part[i].Key] = double.NaN;
                    }
                }
            }
        }

        return pValues;
    }

    static double[] PValues(IIndependenceTest test, ImpliedIndependence[] conditions, out bool allDecided)
    {
        var batch = new QueryBatch(conditions[0].Given.Length);
        foreach (var (x, y, given) in conditions)
        {
            batch.Add(x, y, given);
        }

        var pValues = new double[conditions.Length];
        long before = test.Undecided;
        test.PValues(batch, pValues);
        allDecided = test.Undecided == before;
        return pValues;
    }

    // Fisher and Yates.
    static int[] Shuffle(int count, Philox random, uint number)
    {
        int[] place = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, number);
            (place[i], place[j]) = (place[j], place[i]);
        }

        return place;
    }
}
