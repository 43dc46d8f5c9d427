using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>What <see cref="RandomFill"/> draws.</summary>
public enum RandomKind
{
    /// <summary>Standard normal.</summary>
    Normal,

    /// <summary>Uniform on (0, 1).</summary>
    Uniform,

    /// <summary>Standard Gumbel: <c>−log(−log u)</c>, which added to logits makes their largest a draw of the softmax.</summary>
    Gumbel,

    /// <summary>0 or 2, each as likely: what dropout at ½ multiplies by.</summary>
    HalfKept,
}

/// <summary>Fills a tensor with independent draws; element i is a pure function of (generator, stream, i).</summary>
/// <remarks>The words are those of <see cref="RowDraws"/> with elements for rows, so any device and number of threads draws the same.</remarks>
public abstract class RandomFill
{
    /// <summary>The operation on <paramref name="device"/>, with its kernel compiled.</summary>
    public static RandomFill On(ComputeDevice device) => device.Choose<RandomFill>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes every element of x.</summary>
    public abstract void Fill(RandomKind kind, Philox random, uint stream, Tensor x);

    // One draw from its word; log and square root make the kinds agree with the twin to rounding only.
    static float Draw(RowDraws draws, int i, RandomKind kind) => kind switch
    {
        RandomKind.Normal => Normal.Quantile(draws.OpenUniform(i)),
        RandomKind.Uniform => draws.OpenUniform(i),
        RandomKind.Gumbel => -XMath.Log(-XMath.Log(draws.OpenUniform(i))),
        _ => (draws.Word(i) >> 31) * 2f,
    };

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : RandomFill
    {
        readonly Action<Index1D, FillArgs> _fill =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, FillArgs>(FillKernel);

        internal readonly record struct FillArgs(RowDraws Draws, RandomKind Kind, ArrayView<float> X);

        internal static void FillKernel(Index1D i, FillArgs args) => args.X[i] = Draw(args.Draws, i, args.Kind);

        public override void Fill(RandomKind kind, Philox random, uint stream, Tensor x)
        {
            if (x.Length > 0)
            {
                _fill(x.Length, new(new(random, stream), kind, x.View));
            }
        }
    }

    // ---- CPU: words in blocks, then eight draws at a time ----

    internal sealed unsafe class Cpu(CpuDevice device) : RandomFill
    {
        const int Block = SimdColumns.ChunkRows;

        static readonly Noise Gaussian = new(NoiseKind.Gaussian);

        public override void Fill(RandomKind kind, Philox random, uint stream, Tensor x)
        {
            var draws = new RowDraws(random, stream);
            device.For((x.Length + Block - 1) / Block, block =>
            {
                uint* words = stackalloc uint[Block];
                float* values = stackalloc float[Block];
                int first = block * Block, count = Math.Min(Block, x.Length - first);
                draws.Fill(first, words, SimdColumns.Padded(count));
                Transform(kind, words, values, SimdColumns.Padded(count));
                new ReadOnlySpan<float>(values, count).CopyTo(new Span<float>(x.Start + first, count));
            });
        }

        static void Transform(RandomKind kind, uint* words, float* values, int count)
        {
            if (kind == RandomKind.Normal)
            {
                Gaussian.Transform(words, values, count);
                return;
            }

            for (int i = 0; i < count; i += SimdColumns.Lanes)
            {
                var word = Vector256.Load(words + i);
                var value = kind switch
                {
                    RandomKind.Uniform => RowDraws.OpenUniform(word),
                    RandomKind.Gumbel => -Vector256.Log(-Vector256.Log(RowDraws.OpenUniform(word))),
                    _ => Vector256.ConvertToSingle((word >>> 31).AsInt32()) * 2,
                };
                value.Store(values + i);
            }
        }
    }
}
