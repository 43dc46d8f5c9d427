using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Partial correlations r(x, y | S) for a batch of questions, from one correlation matrix, in double.</summary>
/// <remarks>
/// S is eliminated column by column (the Schur complement); what is left of x and y gives <c>r = c / √(vₓ v_y)</c>. A
/// column of S that those before it already determine is passed over. Where S determines x or y itself, r is NaN:
/// nothing of the variable is left to correlate. The Fisher transform of r, z = √(n − |S| − 3) · atanh r, is the
/// caller's: a logarithm in double costs a GPU more than all the rest.
/// </remarks>
public abstract class FisherZ
{
    /// <summary>The largest S that a GPU's local memory is laid out for.</summary>
    public const int MaxDepthOnGpu = 30;

    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static FisherZ On(ComputeDevice device) => device.Choose<FisherZ>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the partial correlation of each question.</summary>
    /// <param name="correlation">The correlation matrix, (variables, variables).</param>
    /// <param name="variables">How many variables there are.</param>
    /// <param name="queries">The questions.</param>
    /// <param name="partial">One number per question.</param>
    public void PartialCorrelations(
        DeviceArray<double> correlation, int variables, QueryBatch queries, Span<double> partial)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (partial.Length < queries.Count || correlation.Length < variables * variables)
        {
            throw new ArgumentException($"{queries.Count} answers do not fit in {partial.Length}, or the matrix is too small.");
        }

        if (queries.Count > 0)
        {
            Compute(correlation, variables, queries, partial);
        }
    }

    private protected abstract void Compute(
        DeviceArray<double> correlation, int variables, QueryBatch queries, Span<double> partial);

    /// <summary>r of the last two of <paramref name="size"/> variables given those before; the matrix is used up.</summary>
    internal static double PartialCorrelation<TMatrix>(TMatrix matrix, int size)
        where TMatrix : struct, ISmallMatrix
    {
        int depth = size - 2;
        for (int pivot = 0; pivot < depth; pivot++)
        {
            if (matrix[SmallMatrix.At(pivot, pivot)] > SmallMatrix.Redundant)
            {
                SmallMatrix.Eliminate(matrix, pivot, size);
            }
        }

        double vx = matrix[SmallMatrix.At(depth, depth)], vy = matrix[SmallMatrix.At(depth + 1, depth + 1)];
        double c = matrix[SmallMatrix.At(depth + 1, depth)];
        return vx < SmallMatrix.Determined || vy < SmallMatrix.Determined ? double.NaN : c / Math.Sqrt(vx * vy);
    }

    internal sealed class Gpu(GpuDevice device) : FisherZ
    {
        // (MaxDepthOnGpu + 2)(MaxDepthOnGpu + 3) / 2 doubles: 4 KiB of local memory a thread.
        const int LocalLength = (MaxDepthOnGpu + 2) * (MaxDepthOnGpu + 3) / 2;

        readonly Action<Index1D, CorrelateArgs> _correlate =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, CorrelateArgs>(CorrelateKernel);

        internal readonly record struct CorrelateArgs(
            ArrayView<double> Correlation, ArrayView<int> Queries, ArrayView<double> Partial, int Variables, int Depth);

        // One thread per question.
        internal static void CorrelateKernel(Index1D query, CorrelateArgs args)
        {
            int size = args.Depth + 2, start = query * size;
            var matrix = new ViewMatrix(LocalMemory.Allocate<double>(LocalLength), 0, 1);
            for (int i = 0; i < size; i++)
            {
                int row = args.Queries[start + (i + 2) % size];
                for (int j = 0; j <= i; j++)
                {
                    matrix[SmallMatrix.At(i, j)] = args.Correlation[row * args.Variables + args.Queries[start + (j + 2) % size]];
                }
            }

            args.Partial[query] = PartialCorrelation(matrix, size);
        }

        private protected override void Compute(
            DeviceArray<double> correlation, int variables, QueryBatch queries, Span<double> partial)
        {
            if (queries.Depth > MaxDepthOnGpu)
            {
                throw new ArgumentException($"A GPU conditions on at most {MaxDepthOnGpu} variables, not {queries.Depth}.");
            }

            using var indices = device.Allocate(queries.Indices);
            using var answers = device.Allocate<double>(queries.Count);
            _correlate(queries.Count, new(correlation.View, indices.View, answers.View, variables, queries.Depth));
            answers.CopyTo(partial[..queries.Count]);
        }
    }

    internal sealed unsafe class Cpu(CpuDevice device) : FisherZ
    {
        // About 50 µs of work: small against the cost of handing it to a thread.
        const int Block = 1024;

        // 45 variables; larger questions take their matrix from the heap.
        const int StackLength = 1024;

        private protected override void Compute(
            DeviceArray<double> correlation, int variables, QueryBatch queries, Span<double> partial)
        {
            fixed (double* start = partial)
            {
                double* answers = start;
                device.For((queries.Count + Block - 1) / Block, block =>
                    ComputeBlock(correlation.Start, variables, queries, block * Block, answers));
            }
        }

        static void ComputeBlock(double* correlation, int variables, QueryBatch queries, int first, double* answers)
        {
            int size = queries.Depth + 2, length = SmallMatrix.Length(size);
            var scratch = length <= StackLength ? stackalloc double[StackLength] : new double[length];
            var indices = queries.Indices;
            fixed (double* matrix = scratch)
            {
                for (int query = first; query < Math.Min(first + Block, queries.Count); query++)
                {
                    var variablesOf = indices.Slice(query * size, size);
                    double* at = matrix;
                    for (int i = 0; i < size; i++)
                    {
                        double* row = correlation + (long)variables * variablesOf[i + 2 < size ? i + 2 : i + 2 - size];
                        for (int j = 0; j <= i; j++)
                        {
                            *at++ = row[variablesOf[j + 2 < size ? j + 2 : j + 2 - size]];
                        }
                    }

                    answers[query] = PartialCorrelation(new PointerMatrix(matrix), size);
                }
            }
        }
    }
}
