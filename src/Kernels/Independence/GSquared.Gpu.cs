using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

public abstract partial class GSquared
{
    internal sealed class Gpu(GpuDevice device) : GSquared
    {
        // Counts of one launch: 64 MiB. A table of more than 1 Mi cells is counted on the host, where only the strata
        // that occur need memory.
        const int MostCounts = 1 << 24, MostCells = 1 << 20;

        readonly Action<KernelConfig, CountArgs> _count = device.Accelerator.LoadStreamKernel<CountArgs>(CountKernel);
        readonly StratumSort _sort = new();

        internal readonly record struct CountArgs(
            ArrayView<byte> Codes, ArrayView<int> Levels, ArrayView<int> Queries, ArrayView<int> Offsets, ArrayView<int> Counts,
            int Rows, int Depth, int First);

        // One group per question; its threads stride over the rows and count with atomics.
        internal static void CountKernel(CountArgs args)
        {
            int query = args.First + Grid.IdxX, size = args.Depth + 2;
            int offset = args.Offsets[query];
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                int cell = 0;
                bool complete = true;
                for (int a = size - 1; a >= 0; a--)
                {
                    int variable = args.Queries[query * size + a], code = args.Codes[(long)variable * args.Rows + row];
                    cell = cell * args.Levels[variable] + code;
                    complete &= code != DiscreteColumns.Missing;
                }

                if (offset >= 0 && complete)
                {
                    Atomic.Add(ref args.Counts[offset + cell], 1);
                }
            }
        }

        private protected override void ComputeAll(
            DiscreteColumns columns, ReadOnlyMemory<int> queries, int depth, ContingencyStatistic statistic,
            Span<ContingencyResult> results)
        {
            int size = depth + 2, count = queries.Length / size;
            using var indices = device.Allocate(queries.Span);
            using var deviceLevels = device.Allocate<int>(columns.LevelsOf);
            byte[]? hostCodes = null;
            for (int first = 0; first < count;)
            {
                var offsets = new int[count];
                int next = first, used = 0;
                for (; next < count; next++)
                {
                    double cells = Cells(columns.LevelsOf, queries.Span.Slice(next * size, size));
                    if (cells > MostCells)
                    {
                        offsets[next] = -1;
                        continue;
                    }

                    if (used + cells > MostCounts)
                    {
                        break;
                    }

                    offsets[next] = used;
                    used += (int)cells;
                }

                using var deviceOffsets = device.Allocate<int>(offsets);
                using var counts = device.Allocate<int>(used);
                _count(
                    new KernelConfig(next - first, device.GroupSize(128)),
                    new(
                        columns.Codes.View, deviceLevels.View, indices.View, deviceOffsets.View, counts.View, columns.Rows,
                        depth, first));
                var tables = counts.ToArray();
                for (; first < next; first++)
                {
                    var query = queries.Span.Slice(first * size, size);
                    if (offsets[first] < 0)
                    {
                        results[first] = _sort.Sum(hostCodes ??= columns.Codes.ToArray(), columns, query, statistic);
                    }
                    else
                    {
                        int x = columns.LevelsOf[query[0]], y = columns.LevelsOf[query[1]];
                        results[first] = Sum(
                            tables.AsSpan(offsets[first], (int)Cells(columns.LevelsOf, query)), x, y, columns.Entropy, statistic);
                    }
                }
            }
        }
    }
}
