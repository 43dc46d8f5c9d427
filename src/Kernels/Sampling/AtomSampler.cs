using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Puts an atom into a column, in place: child[r] := atom with probability 1 / (1 + exp(−predictor[r])), else as it
/// was.
/// </summary>
/// <remarks>
/// Shapes: predictor and child are (1, rows). The gate of a two-part (hurdle) model: one value, often 0, has a
/// probability of its own. Two devices may differ where the uniform meets the probability within the error of exp.
/// </remarks>
public abstract class AtomSampler
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static AtomSampler On(ComputeDevice device) =>
        device.Choose<AtomSampler>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the atom where the gate opens.</summary>
    public abstract void Sample(RowDraws draws, Tensor predictor, float atom, Tensor child);

    // ---- GPU: one thread a row ----

    internal sealed class Gpu(GpuDevice device) : AtomSampler
    {
        readonly Action<Index1D, SampleArgs> _sample =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, SampleArgs>(SampleKernel);

        internal readonly record struct SampleArgs(
            RowDraws Draws, ArrayView<float> Predictor, float Atom, ArrayView<float> Child);

        internal static void SampleKernel(Index1D row, SampleArgs args)
        {
            // u (1 + e^−p) < 1 says the same without a division.
            if (args.Draws.OpenUniform(row) * (1 + XMath.Exp(-args.Predictor[row])) < 1)
            {
                args.Child[row] = args.Atom;
            }
        }

        public override void Sample(RowDraws draws, Tensor predictor, float atom, Tensor child) =>
            _sample(child.Length, new(draws, predictor.View, atom, child.View));
    }

    // ---- CPU ----

    internal sealed unsafe class Cpu(CpuDevice device) : AtomSampler
    {
        public override void Sample(RowDraws draws, Tensor predictor, float atom, Tensor child)
        {
            float* from = predictor.Start, to = child.Start;
            int rows = child.Length;
            device.For(
                SimdColumns.Chunks(rows), chunk => Chunk(draws, from, atom, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(in RowDraws draws, float* predictor, float atom, float* child, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* words = stackalloc float[SimdColumns.ChunkRows];
            float* logits = stackalloc float[SimdColumns.ChunkRows];
            float* values = stackalloc float[SimdColumns.ChunkRows];
            draws.Fill(start, (uint*)words, padded);
            SimdColumns.CopyPadded(predictor + start, logits, count);
            SimdColumns.CopyPadded(child + start, values, count);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                var uniform = RowDraws.OpenUniform(Vector256.Load((uint*)words + row));
                var inverse = Vector256<float>.One + Vector256.Exp(-Vector256.Load(logits + row));
                var open = Vector256.LessThan(uniform * inverse, Vector256<float>.One);
                Vector256.ConditionalSelect(open, Vector256.Create(atom), Vector256.Load(values + row))
                    .Store(values + row);
            }

            new Span<float>(values, count).CopyTo(new Span<float>(child + start, count));
        }
    }
}
