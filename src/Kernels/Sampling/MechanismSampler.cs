using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Samples a column from its predictor: child[r] = f(predictor[r], noise[r]), one kernel for each mechanism f.
/// </summary>
/// <remarks>
/// Shapes: predictor and child are (1, rows), and may be the same column. Noise of row r is a pure function of the
/// draws' seed, stream and first row + r.
/// </remarks>
/// <typeparam name="TMechanism">The equation.</typeparam>
public abstract class MechanismSampler<TMechanism>
    where TMechanism : struct, IMechanism
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
#pragma warning disable CA1000 // the type argument is the mechanism: MechanismSampler<Additive>.On(device) reads as meant
    public static MechanismSampler<TMechanism> On(ComputeDevice device) =>
        device.Choose<MechanismSampler<TMechanism>>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));
#pragma warning restore CA1000

    /// <summary>Writes the child.</summary>
    public abstract void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor child);

    // ---- GPU: one thread a row ----

    internal sealed class Gpu(GpuDevice device) : MechanismSampler<TMechanism>
    {
        readonly Action<Index1D, SampleArgs> _sample =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, SampleArgs>(SampleKernel);

        internal readonly record struct SampleArgs(
            RowDraws Draws,
            NoiseKind Kind,
            float Scale,
            ArrayView<float> Table,
            ArrayView<float> Predictor,
            ArrayView<float> Child);

        internal static void SampleKernel(Index1D row, SampleArgs args) =>
            args.Child[row] = TMechanism.Evaluate(
                args.Predictor[row], Noise.Draw(args.Draws, row, args.Kind, args.Scale, args.Table));

        public override void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor child)
        {
            // Kernels take no empty view; without a table, any view will do, for it is not read.
            var table = noise.Table?.View ?? predictor.View;
            _sample(child.Length, new(draws, noise.Kind, noise.Scale, table, predictor.View, child.View));
        }
    }

    // ---- CPU: a chunk's words, then its noise, then the equation, all in the first-level cache ----

    internal sealed unsafe class Cpu(CpuDevice device) : MechanismSampler<TMechanism>
    {
        public override void Sample(RowDraws draws, Noise noise, Tensor predictor, Tensor child)
        {
            float* from = predictor.Start, to = child.Start;
            int rows = child.Length;
            device.For(
                SimdColumns.Chunks(rows),
                chunk => Chunk(draws, noise, from, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(in RowDraws draws, in Noise noise, float* predictor, float* child, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* values = stackalloc float[SimdColumns.ChunkRows];
            if (noise.Kind == NoiseKind.None)
            {
                new Span<float>(values, padded).Clear();
            }
            else
            {
                // Padding rows draw too; their values are dropped.
                draws.Fill(start, (uint*)values, padded);
                noise.Transform((uint*)values, values, padded);
            }

            int row = 0;
            for (; row + SimdColumns.Lanes <= count; row += SimdColumns.Lanes)
            {
                Evaluate(predictor + start + row, values + row, child + start + row);
            }

            if (row < count)
            {
                float* last = stackalloc float[SimdColumns.Lanes];
                SimdColumns.CopyPadded(predictor + start + row, last, count - row);
                Evaluate(last, values + row, last);
                new Span<float>(last, count - row).CopyTo(new Span<float>(child + start + row, count - row));
            }
        }

        static void Evaluate(float* predictor, float* noise, float* child) =>
            Vector256.Store(
                TMechanism.Evaluate(
                    Vector256.Load(predictor), Vector256.Load(noise)),
                child);
    }
}
