using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The skeleton by a test that answers for a whole level at once: the result of <see cref="SkeletonSearch"/>, sooner.</summary>
/// <remarks>Counts questions as a search would ask them that takes them one by one, so that the number means something.</remarks>
sealed class LevelSearch(
    ISeparatorSearch test, IReadOnlyList<Variable> variables, DiscoveryOptions options, EdgeKnowledge knowledge,
    IProgress<double>? progress, CancellationToken cancellation)
{
    readonly SeparatingSets _separatingSets = new(variables.Count, test.PValue);
    readonly Lock _reporting = new();
    long _queries;
    double _reported;

    // Neighbours of each variable, ascending, row by row.
    int[] _starts = [], _neighbours = [];

    public (GraphBuilder Skeleton, SeparatingSets SeparatingSets, long Queries) Run()
    {
        cancellation.ThrowIfCancellationRequested();
        SeparateMarginally();
        int deepest = options.MaxDepth ?? int.MaxValue;
        for (int depth = 1; depth <= deepest && Freeze(depth) is { } level; depth++)
        {
            // How many levels follow is not known: each fills half of what is left of the bar.
            double filled = Math.Pow(0.5, depth);
            Action<double>? report = progress is null ? null : share => Report(1 - filled * (1 - share / 2));
            test.FindSeparators(level, options.Alpha, report, cancellation);
            Apply(level);
        }

        var skeleton = new GraphBuilder(variables);
        for (int x = 0; x < variables.Count; x++)
        {
            foreach (int y in Neighbours(x))
            {
                skeleton.Undirect(x, y);
            }
        }

        Report(1);
        return (skeleton, _separatingSets, _queries);
    }

    ReadOnlySpan<int> Neighbours(int x) => _neighbours.AsSpan(_starts[x], _starts[x + 1] - _starts[x]);

    // Given nothing: one pass over the matrix.
    void SeparateMarginally()
    {
        int count = variables.Count;
        double largest = test.LargestIndependent(options.Alpha, 0);
        var marginal = test.Marginal;
        var larger = new int[count * (count - 1) / 2];
        var ends = new int[count];
        _starts = new int[count + 1];
        int joined = 0;
        for (int x = 0; x < count; x++)
        {
            for (int y = x + 1; y < count; y++)
            {
                if (!knowledge.IsEmpty && knowledge.CannotJoin(x, y))
                {
                    continue;
                }

                bool asked = knowledge.IsEmpty || !knowledge.MustJoin(x, y);
                double statistic = marginal[x * count + y];
                _queries += asked ? 1 : 0;
                if (asked && Math.Abs(statistic) <= largest)
                {
                    _separatingSets.AddStatistic(x, y, [], statistic);
                }
                else
                {
                    larger[joined++] = y;
                    _starts[y + 1]++;
                }
            }

            ends[x] = joined;
            _starts[x + 1] += joined - (x == 0 ? 0 : ends[x - 1]);
        }

        for (int x = 0; x < count; x++)
        {
            _starts[x + 1] += _starts[x];
        }

        // Smaller neighbours come before larger ones, as row after row is read.
        _neighbours = new int[2 * joined];
        int[] next = _starts[..^1];
        for (int x = 0, at = 0; x < count; x++)
        {
            for (; at < ends[x]; at++)
            {
                _neighbours[next[x]++] = larger[at];
                _neighbours[next[larger[at]]++] = x;
            }
        }
    }

    /// <summary>The level as it begins, or null when no pair has neighbours enough.</summary>
    SkeletonLevel? Freeze(int depth)
    {
        var asked = new bool[_neighbours.Length];
        var (candidateStarts, candidates) = Candidates();
        bool any = false;
        for (int x = 0; x < variables.Count; x++)
        {
            int beside = candidateStarts[x + 1] - candidateStarts[x];
            var own = candidates.AsSpan(candidateStarts[x], beside);
            for (int entry = _starts[x]; entry < _starts[x + 1]; entry++)
            {
                int y = _neighbours[entry];
                asked[entry] = knowledge.IsEmpty || !knowledge.MustJoin(x, y);
                any |= asked[entry] && (beside > depth || (beside == depth && own.BinarySearch(y) < 0));
            }
        }

        return any ? new(depth, _starts, _neighbours, candidateStarts, candidates, asked) : null;
    }

    // A pair that is not joined is separated by the parents of one of the two, so what cannot be a parent of x is no
    // candidate on x's side.
    (int[] Starts, int[] Candidates) Candidates()
    {
        if (knowledge.IsEmpty)
        {
            return (_starts, _neighbours);
        }

        var starts = new int[_starts.Length];
        var candidates = new int[_neighbours.Length];
        int count = 0;
        for (int x = 0; x < variables.Count; x++)
        {
            foreach (int node in Neighbours(x))
            {
                candidates[count] = node;
                count += knowledge.IsForbidden(node, x) ? 0 : 1;
            }

            starts[x + 1] = count;
        }

        return (starts, candidates[..count]);
    }

    void Apply(SkeletonLevel level)
    {
        _queries += level.Queries;
        var starts = new int[_starts.Length];
        var neighbours = new int[_neighbours.Length];
        int count = 0;
        for (int x = 0; x < variables.Count; x++)
        {
            for (int entry = _starts[x]; entry < _starts[x + 1]; entry++)
            {
                int y = _neighbours[entry];
                if (!level.Separated[y > x ? entry : level.Mirror[entry]])
                {
                    neighbours[count++] = y;
                }
                else if (y > x)
                {
                    var given = level.Given.AsSpan(entry * level.Depth, level.Depth);
                    _separatingSets.AddStatistic(x, y, given, level.Correlations[entry]);
                }
            }

            starts[x + 1] = count;
        }

        (_starts, _neighbours) = (starts, neighbours[..count]);
    }

    // Threads finish rows in any order; the bar only ever rises.
    void Report(double share)
    {
        if (progress is null)
        {
            return;
        }

        lock (_reporting)
        {
            if (share > _reported)
            {
                _reported = share;
                progress.Report(share);
            }
        }
    }
}
