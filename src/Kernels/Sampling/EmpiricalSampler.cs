using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>Samples a column that has no parents: child[r] = table[i], with i uniform on the table's rows.</summary>
/// <remarks>
/// Shapes: child is (1, rows). Every device draws the same bits: nothing but whole numbers is computed.
/// </remarks>
public abstract class EmpiricalSampler
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static EmpiricalSampler On(ComputeDevice device) =>
        device.Choose<EmpiricalSampler>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the child.</summary>
    public abstract void Sample(RowDraws draws, DeviceArray<float> table, Tensor child);

    // ---- GPU: one thread a row ----

    internal sealed class Gpu(GpuDevice device) : EmpiricalSampler
    {
        readonly Action<Index1D, SampleArgs> _sample =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, SampleArgs>(SampleKernel);

        internal readonly record struct SampleArgs(RowDraws Draws, ArrayView<float> Table, ArrayView<float> Child);

        internal static void SampleKernel(Index1D row, SampleArgs args) =>
            args.Child[row] = args.Table[args.Draws.Below(args.Table.IntLength, row)];

        public override void Sample(RowDraws draws, DeviceArray<float> table, Tensor child) =>
            _sample(child.Length, new(draws, table.View, child.View));
    }

    // ---- CPU: eight words, eight products, one gather ----

    internal sealed unsafe class Cpu(CpuDevice device) : EmpiricalSampler
    {
        public override void Sample(RowDraws draws, DeviceArray<float> table, Tensor child)
        {
            float* from = table.Start, to = child.Start;
            int length = table.Length, rows = child.Length;
            device.For(
                SimdColumns.Chunks(rows),
                chunk => Chunk(draws, from, (uint)length, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(in RowDraws draws, float* table, uint length, float* child, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* values = stackalloc float[SimdColumns.ChunkRows];
            draws.Fill(start, (uint*)values, padded);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                var index = SimdColumns.Below(length, Vector256.Load((uint*)values + row));
                SimdColumns.Gather(table, index).Store(values + row);
            }

            new Span<float>(values, count).CopyTo(new Span<float>(child + start, count));
        }
    }
}
