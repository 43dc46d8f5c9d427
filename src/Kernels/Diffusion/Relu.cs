using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The rectified linear unit: <c>y = max(x, 0)</c>, so <c>dx = dy</c> where y is above 0, and 0 elsewhere.</summary>
/// <remarks>Shapes: all alike. Backward needs y alone, so y may be x and dx may be dy.</remarks>
public abstract class Relu
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Relu On(ComputeDevice device) => device.Choose<Relu>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y.</summary>
    public abstract void Forward(Tensor x, Tensor y);

    /// <summary>Writes dx.</summary>
    public abstract void Backward(Tensor dy, Tensor y, Tensor dx);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : Relu
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(ArrayView<float> X, ArrayView<float> Y);

        internal static void ForwardKernel(Index1D i, ForwardArgs args) => args.Y[i] = XMath.Max(args.X[i], 0f);

        internal readonly record struct BackwardArgs(ArrayView<float> Dy, ArrayView<float> Y, ArrayView<float> Dx);

        internal static void BackwardKernel(Index1D i, BackwardArgs args) => args.Dx[i] = args.Y[i] > 0 ? args.Dy[i] : 0;

        public override void Forward(Tensor x, Tensor y)
        {
            if (x.Length > 0)
            {
                _forward(x.Length, new(x.View, y.View));
            }
        }

        public override void Backward(Tensor dy, Tensor y, Tensor dx)
        {
            if (y.Length > 0)
            {
                _backward(y.Length, new(dy.View, y.View, dx.View));
            }
        }
    }

    // ---- CPU: eight elements at a time, in blocks that stay in the cache ----

    internal sealed unsafe class Cpu(CpuDevice device) : Relu
    {
        const int Block = 16384;

        public override void Forward(Tensor x, Tensor y) => device.For((x.Length + Block - 1) / Block, block =>
        {
            float* source = x.Start, target = y.Start;
            int i = block * Block, end = Math.Min(x.Length, i + Block);
            for (; i + 8 <= end; i += 8)
            {
                Vector256.Max(Vector256.Load(source + i), Vector256<float>.Zero).Store(target + i);
            }

            for (; i < end; i++)
            {
                target[i] = Math.Max(source[i], 0);
            }
        });

        public override void Backward(Tensor dy, Tensor y, Tensor dx) => device.For((y.Length + Block - 1) / Block, block =>
        {
            float* source = y.Start, gradient = dy.Start, target = dx.Start;
            int i = block * Block, end = Math.Min(y.Length, i + Block);
            for (; i + 8 <= end; i += 8)
            {
                var open = Vector256.GreaterThan(Vector256.Load(source + i), Vector256<float>.Zero);
                (Vector256.Load(gradient + i) & open).Store(target + i);
            }

            for (; i < end; i++)
            {
                target[i] = source[i] > 0 ? gradient[i] : 0;
            }
        });
    }
}
