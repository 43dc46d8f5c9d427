using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Graphs;

/// <summary>How far a graph that was found is from the true one: DAGs, CPDAGs and PAGs alike, variables matched by name.</summary>
/// <remarks>
/// The distance is Tsamardinos, Brown and Aliferis' (2006), as causal-learn, Tetrad and bnlearn count it: each pair of
/// variables counts once when it is not joined in both graphs by the same marks. The shares of marks are those of Ramsey and
/// Andrews' tables (Tetrad, causal-learn): over all edges, and over the pairs that both graphs join.
/// </remarks>
public sealed record GraphComparison
{
    /// <summary>Variables that both graphs have.</summary>
    public required int Variables { get; init; }

    /// <summary>Edges of the true graph.</summary>
    public required int TrueEdges { get; init; }

    /// <summary>Edges of the graph that was found.</summary>
    public required int FoundEdges { get; init; }

    /// <summary>Pairs that only the true graph joins.</summary>
    public required int MissingEdges { get; init; }

    /// <summary>Pairs that only the found graph joins.</summary>
    public required int ExtraEdges { get; init; }

    /// <summary>Pairs that both join, by other marks.</summary>
    public required int DifferentMarks { get; init; }

    /// <summary>Pairs whose edges differ: missing, extra, or of other marks; each counts 1.</summary>
    public int StructuralHammingDistance => MissingEdges + ExtraEdges + DifferentMarks;

    /// <summary>The same without marks: missing and extra edges.</summary>
    public int SkeletonDistance => MissingEdges + ExtraEdges;

    /// <summary>Pairs that are joined.</summary>
    public required Agreement Adjacencies { get; init; }

    /// <summary>Arrowheads, at each end of each edge; one at an end whose pair the other graph does not join is an error too.</summary>
    public required Agreement Arrowheads { get; init; }

    /// <summary>Arrowheads at edges whose pair both graphs join.</summary>
    public required Agreement CommonArrowheads { get; init; }

    /// <summary>Tails, counted as arrowheads are.</summary>
    public required Agreement Tails { get; init; }

    /// <summary>Tails at edges whose pair both graphs join.</summary>
    public required Agreement CommonTails { get; init; }

    /// <summary>Circles, counted as arrowheads are.</summary>
    public required Agreement Circles { get; init; }

    /// <summary>Circles at edges whose pair both graphs join.</summary>
    public required Agreement CommonCircles { get; init; }

    /// <summary>Compares the two.</summary>
    /// <exception cref="InputException">One graph has a variable that the other lacks.</exception>
    public static GraphComparison Of(CausalGraph found, CausalGraph truth)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(truth);
        int[] inFound = Match(found, truth);
        int missing = 0, extra = 0, different = 0, common = 0;
        var all = new Counts[Enum.GetValues<Endpoint>().Length];
        var shared = new Counts[all.Length];
        for (int a = 0; a < truth.Count; a++)
        {
            for (int b = a + 1; b < truth.Count; b++)
            {
                (Endpoint? atA, Endpoint? atB) real = (truth.Mark(b, a), truth.Mark(a, b));
                (Endpoint? atA, Endpoint? atB) seen = (found.Mark(inFound[b], inFound[a]), found.Mark(inFound[a], inFound[b]));
                bool isReal = real.atA is not null, isSeen = seen.atA is not null;
                missing += isReal && !isSeen ? 1 : 0;
                extra += isSeen && !isReal ? 1 : 0;
                common += isSeen && isReal ? 1 : 0;
                different += isSeen && isReal && real != seen ? 1 : 0;
                Count(all, real.atA, seen.atA);
                Count(all, real.atB, seen.atB);
                if (isReal && isSeen)
                {
                    Count(shared, real.atA, seen.atA);
                    Count(shared, real.atB, seen.atB);
                }
            }
        }

        Agreement Of(Counts[] counts, Endpoint mark) => new(counts[(int)mark].Both, counts[(int)mark].Found, counts[(int)mark].True);
        return new()
        {
            Variables = truth.Count,
            TrueEdges = common + missing,
            FoundEdges = common + extra,
            MissingEdges = missing,
            ExtraEdges = extra,
            DifferentMarks = different,
            Adjacencies = new(common, common + extra, common + missing),
            Arrowheads = Of(all, Endpoint.Arrow),
            CommonArrowheads = Of(shared, Endpoint.Arrow),
            Tails = Of(all, Endpoint.Tail),
            CommonTails = Of(shared, Endpoint.Tail),
            Circles = Of(all, Endpoint.Circle),
            CommonCircles = Of(shared, Endpoint.Circle),
        };
    }

    static void Count(Counts[] counts, Endpoint? real, Endpoint? seen)
    {
        if (real is Endpoint inTruth)
        {
            counts[(int)inTruth].True++;
            counts[(int)inTruth].Both += seen == real ? 1 : 0;
        }

        if (seen is Endpoint inFound)
        {
            counts[(int)inFound].Found++;
        }
    }

    // Where each variable of the truth stands in the found graph.
    static int[] Match(CausalGraph found, CausalGraph truth)
    {
        var places = found.Variables.ToDictionary(variable => variable.Name, variable => variable.Index, StringComparer.Ordinal);
        string[] absent = [.. truth.Variables.Select(variable => variable.Name).Where(name => !places.ContainsKey(name))];
        string[] unknown = [.. found.Variables.Select(variable => variable.Name).Except(truth.Variables.Select(variable => variable.Name))];
        return absent.Length + unknown.Length == 0 ? [.. truth.Variables.Select(variable => places[variable.Name])] : throw new InputException(
            $"The graphs are not of the same variables: {string.Join(" and ", (string[])[.. Only("the true", absent), .. Only("the found", unknown)])}; " +
            "give both the same names.");

        static IEnumerable<string> Only(string graph, string[] names) =>
            names.Length == 0 ? [] : [$"only {graph} graph has {ColumnNames.List(names)}"];
    }

    struct Counts
    {
        public int Both, Found, True;
    }
}

/// <summary>How many of a kind of thing were found, are true, and both.</summary>
/// <param name="Both">Found and true.</param>
/// <param name="Found">In the graph that was found.</param>
/// <param name="True">In the true graph.</param>
public readonly record struct Agreement(int Both, int Found, int True)
{
    /// <summary>The share of what was found that is true; NaN where nothing was found.</summary>
    public double Precision => (double)Both / Found;

    /// <summary>The share of what is true that was found; NaN where there is nothing to find.</summary>
    public double Recall => (double)Both / True;

    /// <summary>The harmonic mean of the two, 2 · both / (found + true); NaN where nothing was found or there to find.</summary>
    public double F1 => 2.0 * Both / (Found + True);
}
