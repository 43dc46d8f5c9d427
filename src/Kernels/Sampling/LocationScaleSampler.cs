using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Samples a column whose noise widens with its parents: child[r] = predictor[r] + exp(logScale[r]) · noise[r].
/// </summary>
/// <remarks>
/// Shapes: predictor, logScale and child are (1, rows); child may be the predictor's column. Two devices may differ by
/// the error of exp.
/// </remarks>
public abstract class LocationScaleSampler
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static LocationScaleSampler On(ComputeDevice device) =>
        device.Choose<LocationScaleSampler>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the child.</summary>
    public abstract void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor logScale, Tensor child);

    // ---- GPU: one thread a row ----

    internal sealed class Gpu(GpuDevice device) : LocationScaleSampler
    {
        readonly Action<Index1D, SampleArgs> _sample =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, SampleArgs>(SampleKernel);

        internal readonly record struct SampleArgs(
            RowDraws Draws,
            NoiseKind Kind,
            float Scale,
            ArrayView<float> Table,
            ArrayView<float> Predictor,
            ArrayView<float> LogScale,
            ArrayView<float> Child);

        internal static void SampleKernel(Index1D row, SampleArgs args) =>
            args.Child[row] = args.Predictor[row]
                + XMath.Exp(args.LogScale[row]) * Noise.Draw(args.Draws, row, args.Kind, args.Scale, args.Table);

        public override void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor logScale, Tensor child)
        {
            // Kernels take no empty view; without a table, any view will do, for it is not read.
            var table = noise.Table?.View ?? predictor.View;
            _sample(
                child.Length,
                new(draws, noise.Kind, noise.Scale, table, predictor.View, logScale.View, child.View));
        }
    }

    // ---- CPU ----

    internal sealed unsafe class Cpu(CpuDevice device) : LocationScaleSampler
    {
        public override void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor logScale, Tensor child)
        {
            float* location = predictor.Start, scale = logScale.Start, to = child.Start;
            int rows = child.Length;
            device.For(
                SimdColumns.Chunks(rows),
                chunk => Chunk(draws, noise, location, scale, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(
            in RowDraws draws, in Noise noise, float* predictor, float* logScale, float* child, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* values = stackalloc float[SimdColumns.ChunkRows];
            float* scales = stackalloc float[SimdColumns.ChunkRows];
            float* locations = stackalloc float[SimdColumns.ChunkRows];
            new Span<float>(values, padded).Clear();
            if (noise.Kind != NoiseKind.None)
            {
                draws.Fill(start, (uint*)values, padded);
                noise.Transform((uint*)values, values, padded);
            }

            SimdColumns.CopyPadded(logScale + start, scales, count);
            SimdColumns.CopyPadded(predictor + start, locations, count);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                var spread = Vector256.Exp(Vector256.Load(scales + row)) * Vector256.Load(values + row);
                (Vector256.Load(locations + row) + spread).Store(values + row);
            }

            new Span<float>(values, count).CopyTo(new Span<float>(child + start, count));
        }
    }
}
