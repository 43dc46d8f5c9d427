using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The first half of PC: which pairs stay joined, and what separates the others.</summary>
/// <remarks>
/// PC-stable (Colombo and Maathuis 2014): at level d every pair x, y is tested given each d of x's neighbours, then of
/// y's, as they were when the level began, so the order of columns does not matter. All open pairs put their next few
/// sets into one batch; a pair whose batch holds a separating set keeps the first in order and asks no more. The number
/// of sets doubles from round to round, so at most about half of the tests asked are in vain.
/// </remarks>
static class SkeletonSearch
{
    // Questions in one batch: a few MB of indices, and long enough to fill a GPU.
    const int LargestBatch = 1 << 16;

    // Sets that one pair puts into a round at most.
    const int LargestShare = 256;

    public static (GraphBuilder Skeleton, SeparatingSets SeparatingSets, long Queries) Run(
        IIndependenceTest test, IReadOnlyList<Variable> variables, DiscoveryOptions options, EdgeKnowledge knowledge,
        IProgress<double>? progress, CancellationToken cancellation)
    {
        if (test is ISeparatorSearch separators && options.SeparatingSets == SeparatingSetRule.First)
        {
            return new LevelSearch(separators, variables, options, knowledge, progress, cancellation).Run();
        }

        var skeleton = Complete(variables, knowledge);
        var separatingSets = new SeparatingSets();
        long queries = 0;
        for (int depth = 0; depth <= (options.MaxDepth ?? int.MaxValue); depth++)
        {
            var pairs = PairsAt(depth, skeleton, knowledge);
            if (pairs.Count == 0)
            {
                break;
            }

            queries += TestLevel(test, pairs, depth, options, Report, cancellation);
            foreach (var pair in pairs.Where(pair => pair.PValue is not null))
            {
                skeleton.Disconnect(pair.X, pair.Y);
                separatingSets.Add(new(pair.X, pair.Y, [.. pair.Separating], pair.PValue!.Value));
            }

            // How many levels follow is not known: each fills half of what is left of the bar.
            void Report(double share) => progress?.Report(1 - Math.Pow(0.5, depth) * (1 - share / 2));
        }

        progress?.Report(1);
        return (skeleton, separatingSets, queries);
    }

    static GraphBuilder Complete(IReadOnlyList<Variable> variables, EdgeKnowledge knowledge)
    {
        var graph = new GraphBuilder(variables);
        for (int x = 0; x < graph.Count; x++)
        {
            for (int y = x + 1; y < graph.Count; y++)
            {
                if (!knowledge.CannotJoin(x, y))
                {
                    graph.Undirect(x, y);
                }
            }
        }

        return graph;
    }

    /// <summary>The pairs with enough neighbours for sets of this size, with their neighbours frozen.</summary>
    static List<Pair> PairsAt(int depth, GraphBuilder skeleton, EdgeKnowledge knowledge)
    {
        int[][] adjacent = [.. Enumerable.Range(0, skeleton.Count).Select(node => skeleton.Adjacent(node).ToArray())];
        var pairs = new List<Pair>();
        for (int x = 0; x < skeleton.Count; x++)
        {
            foreach (int y in adjacent[x].Where(y => y > x && !knowledge.MustJoin(x, y)))
            {
                var pair = new Pair(x, y, Candidates(x, y), depth == 0 ? [] : Candidates(y, x), depth);
                if (pair.HasNext)
                {
                    pairs.Add(pair);
                }
            }
        }

        return pairs;

        // A pair that is not joined is separated by the parents of one of the two, so what cannot be a parent of x is no
        // candidate on x's side.
        int[] Candidates(int x, int y) => [.. adjacent[x].Where(node => node != y && !knowledge.IsForbidden(node, x))];
    }

    static long TestLevel(
        IIndependenceTest test, List<Pair> pairs, int depth, DiscoveryOptions options, Action<double> report,
        CancellationToken cancellation)
    {
        var batch = new QueryBatch(depth);
        var asked = new List<(Pair Pair, int Sets)>();
        var pValues = new double[LargestBatch + LargestShare];
        long queries = 0;
        int closed = 0;
        var open = pairs;
        for (int share = 1; open.Count > 0; share = Math.Min(2 * share, LargestShare))
        {
            foreach (var pair in open)
            {
                asked.Add((pair, pair.AskNext(share, batch)));
                if (batch.Count >= LargestBatch)
                {
                    Answer();
                }
            }

            Answer();
            open = [.. open.Where(pair => pair.HasNext)];
            closed = pairs.Count - open.Count;
        }

        return queries;

        void Answer()
        {
            cancellation.ThrowIfCancellationRequested();
            test.PValues(batch, pValues.AsSpan(0, batch.Count));
            int query = 0;
            foreach (var (pair, sets) in asked)
            {
                for (int i = 0; i < sets; i++, query++)
                {
                    if (pValues[query] >= options.Alpha)
                    {
                        pair.Separate(batch[query][2..], pValues[query], options.SeparatingSets);
                    }
                }
            }

            queries += batch.Count;
            batch.Clear();
            asked.Clear();
            report((double)closed / pairs.Count);
        }
    }

    /// <summary>A pair that is still joined, and where it stands among the sets it has to ask about.</summary>
    sealed class Pair(int x, int y, int[] besideX, int[] besideY, int depth)
    {
        // The next set, as ascending places among the current side's candidates; null when both sides are done.
        int[]? _places = First(besideX, depth) ?? (depth == 0 ? null : First(besideY, depth));
        int[] _side = besideX.Length >= depth ? besideX : besideY;
        bool _found;

        public int X => x;

        public int Y => y;

        public bool HasNext => _places is not null;

        public SortedSet<int> Separating { get; } = [];

        public double? PValue { get; private set; }

        /// <summary>Adds up to <paramref name="most"/> questions to the batch; returns how many.</summary>
        public int AskNext(int most, QueryBatch batch)
        {
            Span<int> given = stackalloc int[depth];
            int sets = 0;
            while (sets < most && _places is not null)
            {
                for (int i = 0; i < depth; i++)
                {
                    given[i] = _side[_places[i]];
                }

                // Sets among both sides' candidates were asked about from x's side.
                if (ReferenceEquals(_side, besideX) || !IsSubset(given, besideX))
                {
                    batch.Add(x, y, given);
                    sets++;
                }

                Advance();
            }

            return sets;
        }

        public void Separate(ReadOnlySpan<int> given, double pValue, SeparatingSetRule rule)
        {
            if (rule == SeparatingSetRule.First && _found)
            {
                return;
            }

            PValue ??= pValue;
            _found = true;
            foreach (int node in given)
            {
                Separating.Add(node);
            }

            if (rule == SeparatingSetRule.First)
            {
                _places = null;
            }
        }

        // Combinations in lexicographic order: raise the last place that can rise, and line the later ones up behind it.
        void Advance()
        {
            int i = depth - 1;
            while (i >= 0 && _places![i] == _side.Length - depth + i)
            {
                i--;
            }

            if (i < 0)
            {
                _places = ReferenceEquals(_side, besideX) && depth > 0 ? First(besideY, depth) : null;
                _side = besideY;
                return;
            }

            _places![i]++;
            for (i++; i < depth; i++)
            {
                _places[i] = _places[i - 1] + 1;
            }
        }

        static int[]? First(int[] side, int depth) => side.Length >= depth ? [.. Enumerable.Range(0, depth)] : null;

        static bool IsSubset(ReadOnlySpan<int> given, int[] side)
        {
            foreach (int node in given)
            {
                if (Array.BinarySearch(side, node) < 0)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
