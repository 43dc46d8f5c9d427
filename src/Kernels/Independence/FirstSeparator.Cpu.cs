using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

public abstract partial class FirstSeparator
{
    // One row of the skeleton at a time: all pairs of a variable share the factors of a set, as in cuPC-S (Zarebavani et
    // al. 2020), and lie side by side in vectors. First from the smaller variable's row; then, where that found nothing,
    // from the larger's.
    internal sealed class Cpu(CpuDevice device) : FirstSeparator
    {
        // About 20 µs of tests: less is not worth waking a thread.
        const double SmallestParallel = 20_000;

        [ThreadStatic]
        static SeparatorRow? _row;

        private protected override void Find(
            DeviceArray<double> correlation, SkeletonLevel level, double largest, Action<double>? progress,
            CancellationToken cancellation)
        {
            long undecided = 0, queries = 0;
            int done = 0;
            foreach (bool fromSmaller in (ReadOnlySpan<bool>)[true, false])
            {
                var (rows, work) = InOrder(level, fromSmaller);
                void Search(int place)
                {
                    var row = _row ??= new();
                    row.Search(correlation, level, rows[place], fromSmaller, largest, cancellation);
                    Interlocked.Add(ref undecided, row.Undecided);
                    Interlocked.Add(ref queries, row.Queries);
                    progress?.Invoke((double)Interlocked.Increment(ref done) / (2 * level.Variables));
                }

                if (work < SmallestParallel)
                {
                    for (int place = 0; place < rows.Length; place++)
                    {
                        Search(place);
                    }
                }
                else
                {
                    device.For(rows.Length, Search);
                }

                done = level.Variables;
            }

            (level.Undecided, level.Queries) = (undecided, queries);
        }

        // The longest first, so that no thread begins a hub when the others have finished.
        static (int[] Rows, double Work) InOrder(SkeletonLevel level, bool fromSmaller)
        {
            var rows = new int[level.Variables];
            var costs = new double[level.Variables];
            int count = 0;
            double work = 0;
            for (int x = 0; x < level.Variables; x++)
            {
                int pairs = level.PairsFrom(x, fromSmaller);
                if (pairs > 0)
                {
                    double cost = (double)pairs * Math.Max(1, Combinations.Count(level.CandidatesOf(x).Length, level.Depth));
                    (rows[count], costs[count]) = (x, -cost);
                    work += cost;
                    count++;
                }
            }

            Array.Sort(costs, rows, 0, count);
            return (rows[..count], work);
        }
    }
}
