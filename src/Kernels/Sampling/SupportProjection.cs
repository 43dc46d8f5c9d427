using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Keeps a column in its support, in place: x := min + grid · round((clamp(x, min, max) − min) / grid).
/// </summary>
/// <remarks>Shapes: column is (1, rows). A grid of 0 clamps only. Halves round up.</remarks>
public abstract class SupportProjection
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static SupportProjection On(ComputeDevice device) =>
        device.Choose<SupportProjection>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Projects the column.</summary>
    public abstract void Project(Tensor column, float min, float max, float grid);

    // ---- GPU: one thread a row ----

    internal sealed class Gpu(GpuDevice device) : SupportProjection
    {
        readonly Action<Index1D, ProjectArgs> _project =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ProjectArgs>(ProjectKernel);

        internal readonly record struct ProjectArgs(
            ArrayView<float> Column, float Min, float Max, float Grid, float PerGrid);

        internal static void ProjectKernel(Index1D row, ProjectArgs args)
        {
            float x = XMath.Min(XMath.Max(args.Column[row], args.Min), args.Max);
            if (args.Grid > 0)
            {
                x = args.Min + args.Grid * XMath.Floor((x - args.Min) * args.PerGrid + 0.5f);
            }

            args.Column[row] = x;
        }

        public override void Project(Tensor column, float min, float max, float grid) =>
            _project(column.Length, new(column.View, min, max, grid, grid > 0 ? 1 / grid : 0));
    }

    // ---- CPU ----

    internal sealed unsafe class Cpu(CpuDevice device) : SupportProjection
    {
        public override void Project(Tensor column, float min, float max, float grid)
        {
            float* values = column.Start;
            int rows = column.Length;
            device.For(
                SimdColumns.Chunks(rows), chunk => Chunk(values, min, max, grid, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(float* values, float min, float max, float grid, int start, int rows)
        {
            int end = Math.Min(start + SimdColumns.ChunkRows, rows), row = start;
            float* last = stackalloc float[SimdColumns.Lanes];
            for (; row + SimdColumns.Lanes <= end; row += SimdColumns.Lanes)
            {
                Project(Vector256.Load(values + row), min, max, grid).Store(values + row);
            }

            if (row < end)
            {
                SimdColumns.CopyPadded(values + row, last, end - row);
                Project(Vector256.Load(last), min, max, grid).Store(last);
                new Span<float>(last, end - row).CopyTo(new Span<float>(values + row, end - row));
            }
        }

        static Vector256<float> Project(Vector256<float> x, float min, float max, float grid)
        {
            var low = Vector256.Create(min);
            x = Vector256.Min(Vector256.Max(x, low), Vector256.Create(max));
            return grid > 0
                ? low + grid * Vector256.Floor((x - low) * (1 / grid) + Vector256.Create(0.5f))
                : x;
        }
    }
}
