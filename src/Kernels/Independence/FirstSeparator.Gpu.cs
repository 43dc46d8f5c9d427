using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

public abstract partial class FirstSeparator
{
    // As cuPC-S (Zarebavani et al. 2020): a thread takes a set of a row's candidates, factors it once and tests every open
    // pair of the row given it. The smallest index of a separating set wins by an atomic minimum, so that the result does
    // not depend on which thread came first. After each round the rows that are still open are listed anew on the device.
    internal sealed class Gpu(GpuDevice device) : FirstSeparator
    {
        const int MaxDepth = FisherZ.MaxDepthOnGpu, FactorLength = MaxDepth * (MaxDepth + 1) / 2;

        // Sets of a row in the first round, and in the largest. A round is one launch, a few µs; the emulator's threads
        // cost that much each.
        readonly int _firstShare = device.Kind == DeviceKind.Emulated ? 16 : 1 << 10;
        readonly int _largestShare = device.Kind == DeviceKind.Emulated ? 64 : 1 << 20;
        readonly int _group = device.GroupSize(64);

        readonly Action<KernelConfig, SearchArgs> _search = device.Accelerator.LoadStreamKernel<SearchArgs>(SearchKernel);
        readonly Action<Index1D, RowsArgs> _openRows =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, RowsArgs>(OpenRowsKernel);

        readonly Action<Index1D, AnswerArgs> _answer =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, AnswerArgs>(AnswerKernel);

        /// <summary>Rows, their candidates, and their lanes: the open pairs, each by its other variable.</summary>
        internal readonly record struct RowViews(
            ArrayView<int> CandidateStarts, ArrayView<int> Candidates, ArrayView<int> LaneStarts, ArrayView<int> Lanes,
            ArrayView<int> LaneRows, ArrayView<long> Best, ArrayView<long> Binomials);

        internal readonly record struct SearchArgs(
            RowViews Rows, ArrayView<double> Correlation, ArrayView<int> Open, ArrayView<long> Undecided, long First,
            int Variables, int Depth, double Largest, int CountUndecided, int FromLarger);

        // One thread per set of a row, the row from the grid's x. Counting is a second walk, when the first sets are known.
        internal static void SearchKernel(SearchArgs args)
        {
            int x = args.Open[Grid.IdxX], depth = args.Depth;
            int start = args.Rows.CandidateStarts[x], count = args.Rows.CandidateStarts[x + 1] - start;
            long index = args.First + (long)Grid.IdxY * Group.DimX + Group.IdxX;
            if (count < depth || index >= args.Rows.Binomials[count * (MaxDepth + 1) + depth])
            {
                return;
            }

            var given = LocalMemory.Allocate<int>(MaxDepth);
            var factor = LocalMemory.Allocate<double>(FactorLength);
            var ofX = LocalMemory.Allocate<double>(MaxDepth);
            var ofY = LocalMemory.Allocate<double>(MaxDepth);
            Unrank(args.Rows, start, count, depth, index, given);
            Factor(args.Correlation, args.Variables, given, depth, factor);
            double vx = Solve(args.Correlation, args.Variables, given, depth, factor, x, ofX);
            for (int lane = args.Rows.LaneStarts[x]; lane < args.Rows.LaneStarts[x + 1]; lane++)
            {
                int y = args.Rows.Lanes[lane];
                if (args.Rows.Best[lane] < index || Contains(given, depth, y))
                {
                    continue;
                }

                double vy = vx < SmallMatrix.Determined
                    ? 0 : Solve(args.Correlation, args.Variables, given, depth, factor, y, ofY);
                if (vx < SmallMatrix.Determined || vy < SmallMatrix.Determined)
                {
                    // Counted only where the set is asked about: not when the smaller variable's row had it already.
                    if (args.FromLarger == 0 || args.CountUndecided == 0 || !AreCandidates(args.Rows, y, given, depth))
                    {
                        Atomic.Add(ref args.Undecided[0], 1L);
                    }
                }
                else if (args.CountUndecided == 0)
                {
                    double c = args.Correlation[(long)x * args.Variables + y];
                    for (int k = 0; k < depth; k++)
                    {
                        double variance = factor[SmallMatrix.At(k, k)];
                        c -= variance > SmallMatrix.Redundant ? ofY[k] / variance * ofX[k] : 0;
                    }

                    if (Math.Abs(c) <= args.Largest * Math.Sqrt(vx * vy))
                    {
                        Atomic.Min(ref args.Rows.Best[lane], index);
                    }
                }
            }
        }

        internal readonly record struct RowsArgs(
            RowViews Rows, ArrayView<int> Open, ArrayView<int> StillOpen, ArrayView<int> Count, long First, int Depth);

        // One thread per open row: open stays one with sets to come and a pair that none so far separates. Which place it
        // gets among them does not matter.
        internal static void OpenRowsKernel(Index1D place, RowsArgs args)
        {
            int x = args.Open[place], count = args.Rows.CandidateStarts[x + 1] - args.Rows.CandidateStarts[x];
            if (count < args.Depth || args.First >= args.Rows.Binomials[count * (MaxDepth + 1) + args.Depth])
            {
                return;
            }

            for (int lane = args.Rows.LaneStarts[x]; lane < args.Rows.LaneStarts[x + 1]; lane++)
            {
                if (args.Rows.Best[lane] >= args.First)
                {
                    args.StillOpen[Atomic.Add(ref args.Count[0], 1)] = x;
                    return;
                }
            }
        }

        internal readonly record struct AnswerArgs(
            RowViews Rows, ArrayView<double> Correlation, ArrayView<int> Given, ArrayView<double> Partial, int Variables, int Depth);

        // One thread per lane: the set of the winning index, and its partial correlation.
        internal static void AnswerKernel(Index1D thread, AnswerArgs args)
        {
            int lane = thread;
            if (args.Rows.Best[lane] == long.MaxValue)
            {
                return;
            }

            int x = args.Rows.LaneRows[lane], y = args.Rows.Lanes[lane], depth = args.Depth;
            int start = args.Rows.CandidateStarts[x], count = args.Rows.CandidateStarts[x + 1] - start;
            var given = LocalMemory.Allocate<int>(MaxDepth);
            var factor = LocalMemory.Allocate<double>(FactorLength);
            var ofX = LocalMemory.Allocate<double>(MaxDepth);
            var ofY = LocalMemory.Allocate<double>(MaxDepth);
            Unrank(args.Rows, start, count, depth, args.Rows.Best[lane], given);
            Factor(args.Correlation, args.Variables, given, depth, factor);
            double vx = Solve(args.Correlation, args.Variables, given, depth, factor, Math.Min(x, y), ofX);
            double vy = Solve(args.Correlation, args.Variables, given, depth, factor, Math.Max(x, y), ofY);
            double c = args.Correlation[(long)x * args.Variables + y];
            for (int k = 0; k < depth; k++)
            {
                double variance = factor[SmallMatrix.At(k, k)];
                c -= variance > SmallMatrix.Redundant ? ofY[k] / variance * ofX[k] : 0;
                args.Given[(long)lane * depth + k] = given[k];
            }

            args.Partial[lane] = c / Math.Sqrt(vx * vy);
        }

        /// <summary>The variables of the set with an index in lexicographic order.</summary>
        static void Unrank(RowViews rows, int start, int count, int depth, long index, ArrayView<int> given)
        {
            int place = 0;
            for (int i = 0; i < depth; i++)
            {
                long sets = rows.Binomials[(count - place - 1) * (MaxDepth + 1) + depth - i - 1];
                while (index >= sets)
                {
                    index -= sets;
                    place++;
                    sets = rows.Binomials[(count - place - 1) * (MaxDepth + 1) + depth - i - 1];
                }

                given[i] = rows.Candidates[start + place];
                place++;
            }
        }

        /// <summary>The given variables' correlations with each pivot eliminated from those after it, as FisherZ leaves them.</summary>
        static void Factor(ArrayView<double> correlation, int variables, ArrayView<int> given, int depth, ArrayView<double> factor)
        {
            for (int i = 0; i < depth; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    factor[SmallMatrix.At(i, j)] = correlation[(long)given[i] * variables + given[j]];
                }
            }

            var matrix = new ViewMatrix(factor, 0, 1);
            for (int pivot = 0; pivot < depth; pivot++)
            {
                if (factor[SmallMatrix.At(pivot, pivot)] > SmallMatrix.Redundant)
                {
                    SmallMatrix.Eliminate(matrix, pivot, depth);
                }
            }
        }

        /// <summary>Writes what each pivot finds of a variable, and returns the variance that all of them leave.</summary>
        static double Solve(
            ArrayView<double> correlation, int variables, ArrayView<int> given, int depth, ArrayView<double> factor, int variable,
            ArrayView<double> found)
        {
            double left = 1;
            for (int j = 0; j < depth; j++)
            {
                double value = correlation[(long)variable * variables + given[j]];
                for (int k = 0; k < j; k++)
                {
                    double earlier = factor[SmallMatrix.At(k, k)];
                    value -= earlier > SmallMatrix.Redundant ? found[k] / earlier * factor[SmallMatrix.At(j, k)] : 0;
                }

                double variance = factor[SmallMatrix.At(j, j)];
                found[j] = value;
                left -= variance > SmallMatrix.Redundant ? value / variance * value : 0;
            }

            return left;
        }

        static bool Contains(ArrayView<int> given, int depth, int variable)
        {
            bool contains = false;
            for (int i = 0; i < depth; i++)
            {
                contains |= given[i] == variable;
            }

            return contains;
        }

        static bool AreCandidates(RowViews rows, int x, ArrayView<int> given, int depth)
        {
            int at = rows.CandidateStarts[x], end = rows.CandidateStarts[x + 1];
            for (int i = 0; i < depth; i++)
            {
                while (at < end && rows.Candidates[at] < given[i])
                {
                    at++;
                }

                if (at == end || rows.Candidates[at] != given[i])
                {
                    return false;
                }
            }

            return true;
        }

        private protected override void Find(
            DeviceArray<double> correlation, SkeletonLevel level, double largest, Action<double>? progress,
            CancellationToken cancellation)
        {
            if (level.Depth > MaxDepth)
            {
                throw new ArgumentException($"A GPU conditions on at most {MaxDepth} variables, not {level.Depth}.");
            }

            using var candidateStarts = device.Allocate<int>(level.CandidateStarts);
            using var candidates = device.Allocate<int>(level.Candidates);
            using var binomials = device.Allocate<long>(Binomials(level));
            for (int phase = 0; phase < 2; phase++)
            {
                var lanes = LanesOf(level, fromSmaller: phase == 0);
                using var laneStarts = device.Allocate<int>(lanes.Starts);
                using var others = device.Allocate<int>(lanes.Others);
                using var rows = device.Allocate<int>(lanes.Rows);
                using var best = device.Allocate<long>([.. Enumerable.Repeat(long.MaxValue, lanes.Others.Length)]);
                var views = new RowViews(
                    candidateStarts.View, candidates.View, laneStarts.View, others.View, rows.View, best.View, binomials.View);
                if (lanes.Others.Length > 0)
                {
                    SearchPhase(correlation, level, views, lanes.Rows, largest, fromLarger: phase, cancellation);
                    Answer(correlation, level, views, lanes.Entries, best);
                }

                foreach (int entry in lanes.Entries)
                {
                    int x = level.Neighbours[level.Mirror[entry]];
                    level.Queries += phase == 1 || level.Separated[entry] ? level.QueriesOf(x, entry) : 0;
                }

                progress?.Invoke((phase + 1) / 2.0);
            }
        }

        void SearchPhase(
            DeviceArray<double> correlation, SkeletonLevel level, RowViews views, int[] laneRows, double largest, int fromLarger,
            CancellationToken cancellation)
        {
            using var undecided = device.Allocate<long>(1);
            int[] rows = [.. laneRows.Distinct()];
            Walk(countUndecided: 0);
            if (undecided.ToArray()[0] > 0)
            {
                // Threads that were ahead of a pair's first set have counted too much: now that it is known, count again.
                undecided.CopyFrom([0]);
                Walk(countUndecided: 1);
                level.Undecided += undecided.ToArray()[0];
            }

            void Walk(int countUndecided)
            {
                using var open = device.Allocate<int>(rows);
                using var stillOpen = device.Allocate<int>(rows.Length);
                using var count = device.Allocate<int>(1);
                var (current, next) = (open, stillOpen);
                int left = rows.Length;
                long first = 0;
                for (int share = _firstShare; left > 0; share = Math.Min(8 * share, _largestShare))
                {
                    cancellation.ThrowIfCancellationRequested();
                    int groups = (share + _group - 1) / _group;
                    _search(
                        new KernelConfig(new Index2D(left, groups), new Index2D(_group, 1)),
                        new(views, correlation.View, current.View, undecided.View, first, level.Variables, level.Depth, largest, countUndecided, fromLarger));
                    first += (long)groups * _group;
                    count.CopyFrom([0]);
                    _openRows(left, new(views, current.View, next.View, count.View, first, level.Depth));
                    left = count.ToArray()[0];
                    (current, next) = (next, current);
                }
            }
        }

        void Answer(DeviceArray<double> correlation, SkeletonLevel level, RowViews views, int[] entries, DeviceArray<long> best)
        {
            using var given = device.Allocate<int>(entries.Length * level.Depth);
            using var partial = device.Allocate<double>(entries.Length);
            _answer(entries.Length, new(views, correlation.View, given.View, partial.View, level.Variables, level.Depth));
            var (found, sets, values) = (best.ToArray(), given.ToArray(), partial.ToArray());
            for (int lane = 0; lane < entries.Length; lane++)
            {
                if (found[lane] != long.MaxValue)
                {
                    level.Separated[entries[lane]] = true;
                    level.Correlations[entries[lane]] = values[lane];
                    sets.AsSpan(lane * level.Depth, level.Depth).CopyTo(level.Given.AsSpan(entries[lane] * level.Depth));
                }
            }
        }

        static (int[] Starts, int[] Others, int[] Rows, int[] Entries) LanesOf(SkeletonLevel level, bool fromSmaller)
        {
            var starts = new int[level.Variables + 1];
            var (others, rows, entries) = (new List<int>(), new List<int>(), new List<int>());
            for (int x = 0; x < level.Variables; x++)
            {
                for (int entry = level.Starts[x]; entry < level.Starts[x + 1]; entry++)
                {
                    if (level.IsOpen(x, entry, fromSmaller))
                    {
                        others.Add(level.Neighbours[entry]);
                        rows.Add(x);
                        entries.Add(fromSmaller ? entry : level.Mirror[entry]);
                    }
                }

                starts[x + 1] = others.Count;
            }

            return (starts, [.. others], [.. rows], [.. entries]);
        }

        // (n, k) at n · (MaxDepth + 1) + k; those too large for a long are never counted down to.
        static long[] Binomials(SkeletonLevel level)
        {
            int most = 0;
            for (int x = 0; x < level.Variables; x++)
            {
                most = Math.Max(most, level.CandidatesOf(x).Length);
            }

            var table = new long[(most + 1) * (MaxDepth + 1)];
            for (int n = 0; n <= most; n++)
            {
                for (int k = 0; k <= level.Depth; k++)
                {
                    table[n * (MaxDepth + 1) + k] = Combinations.Count(n, k);
                }
            }

            return table;
        }
    }
}
