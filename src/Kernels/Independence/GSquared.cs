using System.Buffers;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>How a contingency table is compared with independence; both follow χ².</summary>
public enum ContingencyStatistic
{
    /// <summary>G² = 2 Σ o ln(o / e).</summary>
    LikelihoodRatio,

    /// <summary>Pearson's χ² = Σ (o − e)² / e.</summary>
    Pearson,
}

/// <summary>A statistic of a contingency table and its degrees of freedom.</summary>
public readonly record struct ContingencyResult(double Statistic, int DegreesOfFreedom);

/// <summary>G² or χ² of x by y, summed over the strata of S, for a batch of questions about discrete columns.</summary>
/// <remarks>
/// In each stratum e = row sum · column sum / stratum sum. Degrees of freedom count only what the stratum shows:
/// Σ (rows seen − 1)(columns seen − 1), so that empty rows, columns and strata add none.
/// </remarks>
public abstract class GSquared
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static GSquared On(ComputeDevice device) => device.Choose<GSquared>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the statistic and degrees of freedom of each question.</summary>
    /// <param name="codes">The columns' levels, (rows, columns), column-major.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="levels">How many levels each column has: its codes are smaller.</param>
    /// <param name="queries">The questions.</param>
    /// <param name="statistic">Which statistic.</param>
    /// <param name="results">One result per question.</param>
    public void Compute(
        DeviceArray<byte> codes, int rows, IReadOnlyList<int> levels, QueryBatch queries, ContingencyStatistic statistic,
        Span<ContingencyResult> results)
    {
        ArgumentNullException.ThrowIfNull(levels);
        ArgumentNullException.ThrowIfNull(queries);
        if (results.Length < queries.Count || codes.Length < (long)rows * levels.Count)
        {
            throw new ArgumentException($"{queries.Count} results do not fit in {results.Length}, or codes are missing.");
        }

        if (queries.Count > 0)
        {
            ComputeAll(codes, rows, [.. levels], queries, statistic, results);
        }
    }

    private protected abstract void ComputeAll(
        DeviceArray<byte> codes, int rows, int[] levels, QueryBatch queries, ContingencyStatistic statistic,
        Span<ContingencyResult> results);

    /// <summary>Cells of the full table of a question.</summary>
    static double Cells(int[] levels, ReadOnlySpan<int> query)
    {
        double cells = 1;
        foreach (int variable in query)
        {
            cells *= levels[variable];
        }

        return cells;
    }

    /// <summary>Sums the statistic over strata; a stratum is y rows of x counts.</summary>
    static ContingencyResult Sum(ReadOnlySpan<int> counts, int x, int y, ContingencyStatistic statistic)
    {
        double sum = 0;
        int degrees = 0;
        Span<int> sumsX = stackalloc int[x], sumsY = stackalloc int[y];
        for (int start = 0; start < counts.Length; start += x * y)
        {
            var stratum = counts.Slice(start, x * y);
            sumsX.Clear();
            int total = 0;
            for (int j = 0; j < y; j++)
            {
                int row = 0;
                for (int i = 0; i < x; i++)
                {
                    int count = stratum[j * x + i];
                    sumsX[i] += count;
                    row += count;
                }

                sumsY[j] = row;
                total += row;
            }

            if (total == 0)
            {
                continue;
            }

            degrees += (x - sumsX.Count(0) - 1) * (y - sumsY.Count(0) - 1);
            for (int j = 0; j < y; j++)
            {
                for (int i = 0; i < x; i++)
                {
                    double margins = (double)sumsX[i] * sumsY[j], count = stratum[j * x + i];
                    if (margins > 0)
                    {
                        double expected = margins / total;
                        sum += statistic == ContingencyStatistic.Pearson
                            ? (count - expected) * (count - expected) / expected
                            : count > 0 ? 2 * count * Math.Log(count / expected) : 0;
                    }
                }
            }
        }

        // Rounding can leave −1e-13 where G² is 0.
        return new(Math.Max(sum, 0), degrees);
    }

    /// <summary>The same for a table too large to lay out: only strata that occur are counted.</summary>
    static ContingencyResult SumSparse(
        ReadOnlySpan<byte> codes, int rows, int[] levels, ReadOnlySpan<int> query, ContingencyStatistic statistic)
    {
        // Strata are numbered as they appear, one given variable at a time, so that no product of levels overflows.
        var strata = new int[rows];
        int seen = 1;
        foreach (int variable in query[2..])
        {
            var numbers = new Dictionary<long, int>();
            var column = codes.Slice(variable * rows, rows);
            for (int row = 0; row < rows; row++)
            {
                long key = (long)strata[row] * levels[variable] + column[row];
                if (!numbers.TryGetValue(key, out int number))
                {
                    numbers[key] = number = numbers.Count;
                }

                strata[row] = number;
            }

            seen = numbers.Count;
        }

        var order = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            order[row] = row;
        }

        Array.Sort((int[])strata.Clone(), order);
        int x = levels[query[0]], y = levels[query[1]];
        var columnX = codes.Slice(query[0] * rows, rows);
        var columnY = codes.Slice(query[1] * rows, rows);
        var stratum = new int[x * y];
        double sum = 0;
        int degrees = 0;
        for (int i = 0; i < rows;)
        {
            Array.Clear(stratum);
            int current = strata[order[i]];
            for (; i < rows && strata[order[i]] == current; i++)
            {
                stratum[columnY[order[i]] * x + columnX[order[i]]]++;
            }

            var (part, own) = Sum(stratum, x, y, statistic);
            sum += part;
            degrees += own;
        }

        return new(sum, degrees);
    }

    internal sealed class Gpu(GpuDevice device) : GSquared
    {
        // Counts of one launch: 64 MiB. A table of more than 1 Mi cells is counted on the host, where only the strata
        // that occur need memory.
        const int MostCounts = 1 << 24, MostCells = 1 << 20;

        readonly Action<KernelConfig, CountArgs> _count = device.Accelerator.LoadStreamKernel<CountArgs>(CountKernel);

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
                for (int a = size - 1; a >= 0; a--)
                {
                    int variable = args.Queries[query * size + a];
                    cell = cell * args.Levels[variable] + args.Codes[(long)variable * args.Rows + row];
                }

                if (offset >= 0)
                {
                    Atomic.Add(ref args.Counts[offset + cell], 1);
                }
            }
        }

        private protected override void ComputeAll(
            DeviceArray<byte> codes, int rows, int[] levels, QueryBatch queries, ContingencyStatistic statistic,
            Span<ContingencyResult> results)
        {
            using var indices = device.Allocate(queries.Indices);
            using var deviceLevels = device.Allocate<int>(levels);
            byte[]? hostCodes = null;
            for (int first = 0; first < queries.Count;)
            {
                var offsets = new int[queries.Count];
                int next = first, used = 0;
                for (; next < queries.Count; next++)
                {
                    double cells = Cells(levels, queries[next]);
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
                    new(codes.View, deviceLevels.View, indices.View, deviceOffsets.View, counts.View, rows, queries.Depth, first));
                var tables = counts.ToArray();
                for (; first < next; first++)
                {
                    var query = queries[first];
                    results[first] = offsets[first] < 0
                        ? SumSparse(hostCodes ??= codes.ToArray(), rows, levels, query, statistic)
                        : Sum(
                            tables.AsSpan(offsets[first], (int)Cells(levels, query)), levels[query[0]], levels[query[1]], statistic);
                }
            }
        }
    }

    internal sealed unsafe class Cpu(CpuDevice device) : GSquared
    {
        // Tables up to this size, or four cells a row, are laid out; larger ones are mostly empty.
        const int SmallTable = 4096;

        private protected override void ComputeAll(
            DeviceArray<byte> codes, int rows, int[] levels, QueryBatch queries, ContingencyStatistic statistic,
            Span<ContingencyResult> results)
        {
            fixed (ContingencyResult* start = results)
            {
                ContingencyResult* answers = start;
                device.For(queries.Count, query =>
                    answers[query] = Compute(codes.Span, rows, levels, queries[query], statistic));
            }
        }

        static ContingencyResult Compute(
            ReadOnlySpan<byte> codes, int rows, int[] levels, ReadOnlySpan<int> query, ContingencyStatistic statistic)
        {
            double cells = Cells(levels, query);
            if (cells > Math.Max(SmallTable, 4.0 * rows))
            {
                return SumSparse(codes, rows, levels, query, statistic);
            }

            int[] rented = ArrayPool<int>.Shared.Rent((int)cells);
            var counts = rented.AsSpan(0, (int)cells);
            counts.Clear();
            Count(codes, rows, levels, query, counts);
            var result = Sum(counts, levels[query[0]], levels[query[1]], statistic);
            ArrayPool<int>.Shared.Return(rented);
            return result;
        }

        static void Count(ReadOnlySpan<byte> codes, int rows, int[] levels, ReadOnlySpan<int> query, Span<int> counts)
        {
            // A block of rows at a time, one column after the other: each inner loop reads one run of bytes.
            const int Block = 1024;
            Span<int> cells = stackalloc int[Block];
            for (int start = 0; start < rows; start += Block)
            {
                var block = cells[..Math.Min(Block, rows - start)];
                block.Clear();
                for (int a = query.Length - 1; a >= 0; a--)
                {
                    int width = levels[query[a]];
                    var column = codes.Slice(query[a] * rows + start, block.Length);
                    for (int row = 0; row < block.Length; row++)
                    {
                        block[row] = block[row] * width + column[row];
                    }
                }

                foreach (int cell in block)
                {
                    counts[cell]++;
                }
            }
        }
    }
}
