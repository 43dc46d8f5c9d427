using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>The leaky rectifier with dropout: <c>y = s · x</c> with <c>s = k · (x &gt; 0 ? 1 : leak)</c>, k what dropout keeps.</summary>
/// <remarks>
/// Shapes: all alike; k is 0 or 1 / (1 − p), or absent, for 1. The slopes s are kept: they are all that the backward pass, and the
/// gradient of a gradient, need, for the rectifier is linear on either side. Leak 0 is the plain rectifier.
/// </remarks>
public abstract class LeakyRelu
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static LeakyRelu On(ComputeDevice device) => device.Choose<LeakyRelu>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y and the slopes; y may be x.</summary>
    public abstract void Forward(Tensor x, Tensor? kept, float leak, Tensor y, Tensor slopes);

    /// <summary>Writes <c>dx = s · dy</c>; dx may be dy.</summary>
    public abstract void Backward(Tensor dy, Tensor slopes, Tensor dx);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : LeakyRelu
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(
            ArrayView<float> X, ArrayView<float> Kept, int HasKept, float Leak, ArrayView<float> Y, ArrayView<float> Slopes);

        internal static void ForwardKernel(Index1D i, ForwardArgs args)
        {
            float x = args.X[i], slope = x > 0 ? 1 : args.Leak;
            slope = args.HasKept != 0 ? slope * args.Kept[i] : slope;
            args.Slopes[i] = slope;
            args.Y[i] = slope * x;
        }

        internal readonly record struct BackwardArgs(ArrayView<float> Dy, ArrayView<float> Slopes, ArrayView<float> Dx);

        internal static void BackwardKernel(Index1D i, BackwardArgs args) => args.Dx[i] = args.Dy[i] * args.Slopes[i];

        public override void Forward(Tensor x, Tensor? kept, float leak, Tensor y, Tensor slopes)
        {
            if (x.Length > 0)
            {
                _forward(x.Length, new(x.View, (kept ?? x).View, kept is null ? 0 : 1, leak, y.View, slopes.View));
            }
        }

        public override void Backward(Tensor dy, Tensor slopes, Tensor dx)
        {
            if (dy.Length > 0)
            {
                _backward(dy.Length, new(dy.View, slopes.View, dx.View));
            }
        }
    }

    // ---- CPU: eight elements at a time ----

    internal sealed unsafe class Cpu(CpuDevice device) : LeakyRelu
    {
        const int Block = 16384;

        public override void Forward(Tensor x, Tensor? kept, float leak, Tensor y, Tensor slopes) =>
            device.For((x.Length + Block - 1) / Block, block =>
            {
                float* source = x.Start, keep = kept is { } k ? k.Start : null, target = y.Start, slope = slopes.Start;
                int i = block * Block, end = Math.Min(x.Length, i + Block);
                for (; i + 8 <= end; i += 8)
                {
                    var value = Vector256.Load(source + i);
                    var s = Vector256.ConditionalSelect(
                        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256.Create(leak));
                    s = keep is null ? s : s * Vector256.Load(keep + i);
                    s.Store(slope + i);
                    (s * value).Store(target + i);
                }

                for (; i < end; i++)
                {
                    float value = source[i];
                    slope[i] = (value > 0 ? 1 : leak) * (keep is null ? 1 : keep[i]);
                    target[i] = slope[i] * value;
                }
            });

        public override void Backward(Tensor dy, Tensor slopes, Tensor dx) => device.For((dy.Length + Block - 1) / Block, block =>
        {
            int first = block * Block, count = Math.Min(Block, dy.Length - first);
            System.Numerics.Tensors.TensorPrimitives.Multiply(
                new ReadOnlySpan<float>(dy.Start + first, count), new ReadOnlySpan<float>(slopes.Start + first, count),
                new Span<float>(dx.Start + first, count));
        });
    }
}
