using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Wilks' Λ of one question, and the ranks that its distribution depends on.</summary>
/// <param name="Lambda">det S(xy|z) / (det S(x|z) det S(y|z)): 1 when x tells nothing about y, towards 0 when it tells all.</param>
/// <param name="RankX">Columns of x that the given ones do not determine.</param>
/// <param name="RankY">Columns of y that the given ones do not determine.</param>
/// <param name="RankGiven">Columns among the given ones that the others do not determine.</param>
public readonly record struct WilksResult(double Lambda, int RankX, int RankY, int RankGiven)
{
    /// <summary>Bartlett's b: under independence −b · ln Λ follows χ² with RankX · RankY degrees of freedom.</summary>
    /// <returns>n − 1 − |Z| − (|X| + |Y| + 1) / 2; not positive where <paramref name="rows"/> are too few.</returns>
    public double BartlettFactor(int rows) => rows - 1 - RankGiven - (RankX + RankY + 1) / 2.0;
}

/// <summary>
/// Wilks' Λ for a batch of questions about variables of several columns each: a number is one column, a category with K
/// levels K − 1 indicators.
/// </summary>
/// <remarks>
/// With S the correlation of all columns, <c>Λ = det S(x|yz) / det S(x|z)</c>, which is the same with x and y exchanged.
/// The given columns are eliminated first; then Λ is the product, over the columns of y, of the variance left with x
/// eliminated to the variance left without. Columns without variance of their own are passed over and lower the rank.
/// </remarks>
public abstract class WilksLambda
{
    // One step of y's elimination keeps at least this share, so that 29 of them stay far above the smallest double.
    const double SmallestRatio = 1e-10;

    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static WilksLambda On(ComputeDevice device) =>
        device.Choose<WilksLambda>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes Λ and the ranks of each question.</summary>
    /// <param name="correlation">The correlation of all columns, (columns, columns), with 1 on the diagonal.</param>
    /// <param name="starts">First column of each variable, and behind the last the number of columns.</param>
    /// <param name="queries">The questions, about variables.</param>
    /// <param name="results">One result per question.</param>
    public void Compute(
        DeviceArray<double> correlation, DeviceArray<int> starts, QueryBatch queries, Span<WilksResult> results)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (results.Length < queries.Count)
        {
            throw new ArgumentException($"{queries.Count} results do not fit in {results.Length}.");
        }

        if (queries.Count > 0)
        {
            ComputeAll(correlation, starts, queries, results);
        }
    }

    private protected abstract void ComputeAll(
        DeviceArray<double> correlation, DeviceArray<int> starts, QueryBatch queries, Span<WilksResult> results);

    /// <summary>Λ from the packed triangle of z, x, y in this order, with room for y's triangle again behind it.</summary>
    static WilksResult Lambda<TMatrix>(TMatrix matrix, int z, int x, int y)
        where TMatrix : struct, ISmallMatrix
    {
        int size = z + x + y, first = z + x, alone = SmallMatrix.Length(size);
        int rankZ = 0, rankX = 0, rankY = 0;
        for (int pivot = 0; pivot < z; pivot++)
        {
            if (matrix[SmallMatrix.At(pivot, pivot)] > SmallMatrix.Redundant)
            {
                SmallMatrix.Eliminate(matrix, pivot, size);
                rankZ++;
            }
        }

        // y without x, in its own triangle; what each of its columns keeps stays on that triangle's diagonal.
        for (int i = 0; i < y; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                matrix[alone + SmallMatrix.At(i, j)] = matrix[SmallMatrix.At(first + i, first + j)];
            }
        }

        for (int pivot = 0; pivot < y; pivot++)
        {
            double variance = matrix[alone + SmallMatrix.At(pivot, pivot)];
            if (variance > SmallMatrix.Determined)
            {
                rankY++;
                for (int i = pivot + 1; i < y; i++)
                {
                    double factor = matrix[alone + SmallMatrix.At(i, pivot)] / variance;
                    for (int j = pivot + 1; j <= i; j++)
                    {
                        matrix[alone + SmallMatrix.At(i, j)] -= factor * matrix[alone + SmallMatrix.At(j, pivot)];
                    }
                }
            }
        }

        for (int pivot = z; pivot < first; pivot++)
        {
            if (matrix[SmallMatrix.At(pivot, pivot)] > SmallMatrix.Determined)
            {
                SmallMatrix.Eliminate(matrix, pivot, size);
                rankX++;
            }
        }

        double lambda = 1;
        for (int pivot = 0; pivot < y; pivot++)
        {
            double variance = matrix[alone + SmallMatrix.At(pivot, pivot)];
            double left = matrix[SmallMatrix.At(first + pivot, first + pivot)];
            if (variance > SmallMatrix.Determined)
            {
                double ratio = left / variance;
                lambda *= ratio > SmallestRatio ? ratio : SmallestRatio;
                if (ratio > SmallestRatio)
                {
                    SmallMatrix.Eliminate(matrix, first + pivot, size);
                }
            }
        }

        return new(lambda < 1 ? lambda : 1, rankX, rankY, rankZ);
    }

    /// <summary>Columns of the given variables, of x and of y.</summary>
    static (int Z, int X, int Y) Widths(ReadOnlySpan<int> starts, ReadOnlySpan<int> query)
    {
        int z = 0;
        foreach (int variable in query[2..])
        {
            z += starts[variable + 1] - starts[variable];
        }

        return (z, starts[query[0] + 1] - starts[query[0]], starts[query[1] + 1] - starts[query[1]]);
    }

    internal sealed class Gpu(GpuDevice device) : WilksLambda
    {
        // Scratch of one launch: 64 MiB of doubles.
        const int ScratchLength = 1 << 23;

        readonly Action<Index1D, LambdaArgs> _lambda =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, LambdaArgs>(LambdaKernel);

        internal readonly record struct LambdaArgs(
            ArrayView<double> Correlation, ArrayView<int> Starts, ArrayView<int> Queries, ArrayView<double> Scratch,
            ArrayView<WilksResult> Results, int Columns, int Depth, int First, int Threads);

        // One thread per question; its matrix lies in global memory, interleaved with its neighbours'.
        internal static void LambdaKernel(Index1D index, LambdaArgs args)
        {
            int size = args.Depth + 2, query = (args.First + index) * size;
            var matrix = new ViewMatrix(args.Scratch, index, args.Threads);
            int at = 0;
            for (int a = 0; a < size; a++)
            {
                int row = args.Queries[query + (a + 2) % size];
                for (int i = args.Starts[row]; i < args.Starts[row + 1]; i++)
                {
                    for (int b = 0; b <= a; b++)
                    {
                        int column = args.Queries[query + (b + 2) % size];
                        int end = b < a ? args.Starts[column + 1] : i + 1;
                        for (int j = args.Starts[column]; j < end; j++)
                        {
                            matrix[at++] = args.Correlation[i * args.Columns + j];
                        }
                    }
                }
            }

            int z = 0;
            for (int a = 2; a < size; a++)
            {
                int variable = args.Queries[query + a];
                z += args.Starts[variable + 1] - args.Starts[variable];
            }

            int x = args.Queries[query], y = args.Queries[query + 1];
            args.Results[args.First + index] = Lambda(
                matrix, z, args.Starts[x + 1] - args.Starts[x], args.Starts[y + 1] - args.Starts[y]);
        }

        private protected override void ComputeAll(
            DeviceArray<double> correlation, DeviceArray<int> starts, QueryBatch queries, Span<WilksResult> results)
        {
            var hostStarts = starts.ToArray();
            int longest = 1;
            for (int query = 0; query < queries.Count; query++)
            {
                var (z, x, y) = Widths(hostStarts, queries[query]);
                longest = Math.Max(longest, SmallMatrix.Length(z + x + y) + SmallMatrix.Length(y));
            }

            int threads = Math.Clamp(ScratchLength / longest, 1, queries.Count);
            using var scratch = device.Allocate<double>(checked(threads * longest));
            using var indices = device.Allocate(queries.Indices);
            using var answers = device.Allocate<WilksResult>(queries.Count);
            for (int first = 0; first < queries.Count; first += threads)
            {
                _lambda(Math.Min(threads, queries.Count - first), new(
                    correlation.View, starts.View, indices.View, scratch.View, answers.View,
                    hostStarts[^1], queries.Depth, first, threads));
            }

            answers.CopyTo(results[..queries.Count]);
        }
    }

    internal sealed unsafe class Cpu(CpuDevice device) : WilksLambda
    {
        const int Block = 64;

        private protected override void ComputeAll(
            DeviceArray<double> correlation, DeviceArray<int> starts, QueryBatch queries, Span<WilksResult> results)
        {
            fixed (WilksResult* start = results)
            {
                WilksResult* answers = start;
                device.For((queries.Count + Block - 1) / Block, block =>
                    ComputeBlock(correlation.Start, starts.Span, queries, block * Block, answers));
            }
        }

        static void ComputeBlock(
            double* correlation, ReadOnlySpan<int> starts, QueryBatch queries, int first, WilksResult* answers)
        {
            int columns = starts[^1];
            double[] scratch = [];
            for (int query = first; query < Math.Min(first + Block, queries.Count); query++)
            {
                var variables = queries[query];
                var (z, x, y) = Widths(starts, variables);
                int length = SmallMatrix.Length(z + x + y) + SmallMatrix.Length(y);
                if (scratch.Length < length)
                {
                    scratch = new double[length];
                }

                fixed (double* matrix = scratch)
                {
                    double* at = matrix;
                    for (int a = 0; a < variables.Length; a++)
                    {
                        int row = variables[(a + 2) % variables.Length];
                        for (int i = starts[row]; i < starts[row + 1]; i++)
                        {
                            for (int b = 0; b <= a; b++)
                            {
                                int column = variables[(b + 2) % variables.Length];
                                int end = b < a ? starts[column + 1] : i + 1;
                                for (int j = starts[column]; j < end; j++)
                                {
                                    *at++ = correlation[i * columns + j];
                                }
                            }
                        }
                    }

                    answers[query] = Lambda(new PointerMatrix(matrix), z, x, y);
                }
            }
        }
    }
}
