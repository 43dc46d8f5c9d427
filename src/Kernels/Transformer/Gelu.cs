using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The Gaussian error linear unit, exact: <c>y = x Φ(x)</c>, so <c>dx = dy (Φ(x) + x φ(x))</c>.</summary>
/// <remarks>Shapes: all alike. Every element apart, so dx may be dy. The bias before it is <see cref="Linear"/>'s.</remarks>
public abstract class Gelu
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Gelu On(ComputeDevice device) => device.Choose<Gelu>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y.</summary>
    public abstract void Forward(Tensor x, Tensor y);

    /// <summary>Writes dx.</summary>
    public abstract void Backward(Tensor dy, Tensor x, Tensor dx);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : Gelu
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(ArrayView<float> X, ArrayView<float> Y);

        internal static void ForwardKernel(Index1D index, ForwardArgs args) =>
            args.Y[index] = args.X[index] * VectorMath.NormalCdf(args.X[index]);

        internal readonly record struct BackwardArgs(ArrayView<float> Dy, ArrayView<float> X, ArrayView<float> Dx);

        internal static void BackwardKernel(Index1D index, BackwardArgs args)
        {
            float x = args.X[index];
            args.Dx[index] = args.Dy[index] * (VectorMath.NormalCdf(x) + x * VectorMath.NormalDensity(x));
        }

        public override void Forward(Tensor x, Tensor y)
        {
            if (x.Length > 0)
            {
                _forward(x.Length, new(x.View, y.View));
            }
        }

        public override void Backward(Tensor dy, Tensor x, Tensor dx)
        {
            if (x.Length > 0)
            {
                _backward(x.Length, new(dy.View, x.View, dx.View));
            }
        }
    }

    // ---- CPU: eight or sixteen elements at a time; the tail goes through a padded vector, so that it is the same arithmetic ----

    internal sealed unsafe class Cpu(CpuDevice device) : Gelu
    {
        const int Block = 8192; // 32 KiB: about 10 µs of error functions

        public override void Forward(Tensor x, Tensor y) => device.For((x.Length + Block - 1) / Block, (x, y), static (on, block) =>
        {
            var (x, y) = on;
            float* source = x.Start, target = y.Start;
            int i = block * Block, end = Math.Min(x.Length, i + Block);
            for (; Vector512.IsHardwareAccelerated && i + 16 <= end; i += 16)
            {
                var value = Vector512.Load(source + i);
                (value * VectorMath.NormalCdf(value)).Store(target + i);
            }

            for (; i + 8 <= end; i += 8)
            {
                var value = Vector256.Load(source + i);
                (value * VectorMath.NormalCdf(value)).Store(target + i);
            }

            if (i < end)
            {
                float* tail = stackalloc float[8];
                Copy(source + i, tail, end - i);
                var value = Vector256.Load(tail);
                (value * VectorMath.NormalCdf(value)).Store(tail);
                Copy(tail, target + i, end - i);
            }
        });

        public override void Backward(Tensor dy, Tensor x, Tensor dx) => device.For((x.Length + Block - 1) / Block, (dy, x, dx), static (on, block) =>
        {
            var (dy, x, dx) = on;
            float* source = x.Start, gradient = dy.Start, target = dx.Start;
            int i = block * Block, end = Math.Min(x.Length, i + Block);
            for (; Vector512.IsHardwareAccelerated && i + 16 <= end; i += 16)
            {
                (Vector512.Load(gradient + i) * Slope(Vector512.Load(source + i))).Store(target + i);
            }

            for (; i + 8 <= end; i += 8)
            {
                (Vector256.Load(gradient + i) * Slope(Vector256.Load(source + i))).Store(target + i);
            }

            if (i < end)
            {
                float* tail = stackalloc float[16];
                Copy(source + i, tail, end - i);
                Copy(gradient + i, tail + 8, end - i);
                (Vector256.Load(tail + 8) * Slope(Vector256.Load(tail))).Store(tail);
                Copy(tail, target + i, end - i);
            }
        });

        static Vector256<float> Slope(Vector256<float> x) =>
            Vector256.FusedMultiplyAdd(x, VectorMath.NormalDensity(x), VectorMath.NormalCdf(x));

        static Vector512<float> Slope(Vector512<float> x) =>
            Vector512.FusedMultiplyAdd(x, VectorMath.NormalDensity(x), VectorMath.NormalCdf(x));

        static void Copy(float* source, float* target, int count) =>
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
