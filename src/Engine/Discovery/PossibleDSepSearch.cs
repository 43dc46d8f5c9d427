using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>FCI's second look at the skeleton: pairs that sets of possible-d-sep separate, where sets of neighbours did not.</summary>
/// <remarks>
/// All of it follows from the graph as it is when the step begins, so the order of pairs does not matter: for each size
/// every pair is asked about with the sets from the one side and then, if none separates it, from the other.
/// </remarks>
sealed class PossibleDSepSearch(
    GraphBuilder graph, SeparatingSets separatingSets, IIndependenceTest test, DiscoveryOptions options, EdgeKnowledge knowledge,
    CancellationToken cancellation)
{
    readonly int[][] _neighbours = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
    readonly int[][] _possible = PossibleDSep.Of(graph, options.Fci.MaxPathLength);
    readonly BiconnectedComponents? _parts =
        options.Fci.PossibleDSep == PossibleDSepRule.OnPath ? new BiconnectedComponents(graph) : null;

    /// <summary>Takes the pairs that are separated apart; returns how many questions that took.</summary>
    public long Run()
    {
        var found = new List<SeparatingSet>();
        long queries = test is ISeparatorSearch separators ? FindAtOnce(separators, found) : FindInBatches(found);
        foreach (var separating in found)
        {
            graph.Disconnect(separating.X, separating.Y);
            separatingSets.Add(separating);
        }

        return queries;
    }

    long FindInBatches(List<SeparatingSet> found)
    {
        var search = new SubsetSearch(test, options.Alpha, cancellation);
        (int X, int Y)[] pairs =
        [
            .. from x in Enumerable.Range(0, graph.Count)
               from y in _neighbours[x]
               where y > x && !knowledge.MustJoin(x, y)
               select (x, y),
        ];
        SubsetQuestion[] fromX = [.. pairs.Select(pair => Question(pair.X, pair.Y))];
        SubsetQuestion[] fromY = [.. pairs.Select(pair => Question(pair.Y, pair.X))];
        int most = Math.Min(MostGiven(), fromX.Concat(fromY).Select(question => question.Candidates.Length).DefaultIfEmpty().Max());
        for (int depth = 1; depth <= most; depth++)
        {
            search.Ask(fromX, depth);
            search.Ask(fromY.Where((_, i) => fromX[i].Separating is null), depth);
            foreach (var (one, other) in fromX.Zip(fromY))
            {
                one.Separating ??= other.Separating;
                other.Separating = one.Separating;
            }
        }

        found.AddRange(fromX.Select(question => question.Separating).OfType<SeparatingSet>());
        return search.Queries;

        // What the skeleton search has asked about is left out.
        SubsetQuestion Question(int x, int y) =>
            new(x, y, [.. Candidates(x, _parts?.PartOf(x, y)).Where(node => node != y)], _neighbours[x]);
    }

    // A part at a time, as within one the candidates beside x are the same for each of its pairs.
    long FindAtOnce(ISeparatorSearch separators, List<SeparatingSet> found)
    {
        long queries = 0;
        for (int part = 0; part < (_parts?.Count ?? 1); part++)
        {
            int[][] joined = [.. _neighbours.Select((neighbours, x) => neighbours.Where(y => _parts is null || _parts.PartOf(x, y) == part).ToArray())];
            int[][] candidates = [.. joined.Select((neighbours, x) => neighbours.Length == 0 ? [] : Candidates(x, part))];
            int most = Math.Min(MostGiven(), candidates.Max(ones => ones.Length));
            for (int depth = 1; depth <= most; depth++)
            {
                int[] pairs = [.. joined.SelectMany(neighbours => neighbours)];
                bool[] asked = [.. joined.SelectMany((neighbours, x) => neighbours.Select(y => !knowledge.MustJoin(x, y)))];
                var level = new SkeletonLevel(
                    depth, Starts(joined), pairs, Starts(candidates), [.. candidates.SelectMany(ones => ones)], asked);
                separators.FindSeparators(level, options.Alpha, null, cancellation);
                queries += level.Queries;
                Collect(level, separators, joined, found);
            }
        }

        return queries;
    }

    static void Collect(SkeletonLevel level, ISeparatorSearch separators, int[][] joined, List<SeparatingSet> found)
    {
        for (int x = 0; x < joined.Length; x++)
        {
            for (int entry = level.Starts[x]; entry < level.Starts[x + 1]; entry++)
            {
                int y = level.Neighbours[entry];
                if (y > x && level.Separated[entry])
                {
                    int[] given = level.Given[(entry * level.Depth)..((entry + 1) * level.Depth)];
                    found.Add(new(x, y, given, separators.PValue(level.Correlations[entry], level.Depth)));
                    joined[x] = [.. joined[x].Where(node => node != y)];
                    joined[y] = [.. joined[y].Where(node => node != x)];
                }
            }
        }
    }

    static int[] Starts(int[][] rows)
    {
        var starts = new int[rows.Length + 1];
        for (int row = 0; row < rows.Length; row++)
        {
            starts[row + 1] = starts[row] + rows[row].Length;
        }

        return starts;
    }

    // None where nothing lies beyond the neighbours: the skeleton search has asked about these.
    int[] Candidates(int x, int? part)
    {
        int[] candidates = part is { } index && _parts is not null
            ? [.. _possible[x].Where(node => _parts.Holds(index, node))]
            : _possible[x];
        return candidates.Any(node => Array.BinarySearch(_neighbours[x], node) < 0) ? candidates : [];
    }

    int MostGiven()
    {
        int most = Math.Min(options.Fci.MaxPossibleDSepDepth ?? int.MaxValue, options.MaxDepth ?? int.MaxValue);
        if (!options.Fci.Adaptive)
        {
            return most;
        }

        // The last level of the skeleton search either found a set of its size or left a variable with one neighbour more.
        int reached = Math.Max(
            _neighbours.Max(neighbours => neighbours.Length) - 1,
            separatingSets.All.Select(set => set.Given.Count).DefaultIfEmpty().Max());
        return Math.Min(most, reached);
    }
}
