using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The sigmoid linear unit: <c>y = x σ(x)</c> with σ(x) = 1 / (1 + e⁻ˣ), so <c>dx = dy σ(x) (1 + x (1 − σ(x)))</c>.</summary>
/// <remarks>Shapes: all alike. Every element apart, so dx may be dy unless it accumulates.</remarks>
public abstract class Silu
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Silu On(ComputeDevice device) => device.Choose<Silu>(gpu => new Gpu(gpu), _ => new Cpu());

    /// <summary>Writes y.</summary>
    public abstract void Forward(Tensor x, Tensor y);

    /// <summary>Writes dx, or adds to it.</summary>
    public abstract void Backward(Tensor dy, Tensor x, Tensor dx, bool accumulate = false);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : Silu
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(ArrayView<float> X, ArrayView<float> Y);

        internal static void ForwardKernel(Index1D i, ForwardArgs args) => args.Y[i] = args.X[i] / (1 + XMath.Exp(-args.X[i]));

        internal readonly record struct BackwardArgs(ArrayView<float> Dy, ArrayView<float> X, ArrayView<float> Dx, int Accumulate);

        internal static void BackwardKernel(Index1D i, BackwardArgs args)
        {
            float x = args.X[i], sigmoid = 1 / (1 + XMath.Exp(-x));
            float slope = args.Dy[i] * sigmoid * (1 + x * (1 - sigmoid));
            args.Dx[i] = slope + (args.Accumulate != 0 ? args.Dx[i] : 0);
        }

        public override void Forward(Tensor x, Tensor y)
        {
            if (x.Length > 0)
            {
                _forward(x.Length, new(x.View, y.View));
            }
        }

        public override void Backward(Tensor dy, Tensor x, Tensor dx, bool accumulate)
        {
            if (x.Length > 0)
            {
                _backward(x.Length, new(dy.View, x.View, dx.View, accumulate ? 1 : 0));
            }
        }
    }

    // ---- CPU: eight elements at a time on one thread, for only embeddings of steps and labels pass through here ----

    internal sealed unsafe class Cpu : Silu
    {
        public override void Forward(Tensor x, Tensor y)
        {
            float* source = x.Start, target = y.Start;
            int i = 0;
            for (; i + 8 <= x.Length; i += 8)
            {
                var value = Vector256.Load(source + i);
                (value * Sigmoid(value)).Store(target + i);
            }

            for (; i < x.Length; i++)
            {
                target[i] = source[i] * Sigmoid(Vector256.Create(source[i])).ToScalar();
            }
        }

        public override void Backward(Tensor dy, Tensor x, Tensor dx, bool accumulate)
        {
            float* source = x.Start, gradient = dy.Start, target = dx.Start;
            int i = 0;
            for (; i + 8 <= x.Length; i += 8)
            {
                var slope = Vector256.Load(gradient + i) * Slope(Vector256.Load(source + i));
                (accumulate ? slope + Vector256.Load(target + i) : slope).Store(target + i);
            }

            for (; i < x.Length; i++)
            {
                float slope = gradient[i] * Slope(Vector256.Create(source[i])).ToScalar();
                target[i] = accumulate ? slope + target[i] : slope;
            }
        }

        static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + VectorMath.Exp(-x));

        static Vector256<float> Slope(Vector256<float> x)
        {
            var sigmoid = Sigmoid(x);
            return sigmoid * (Vector256<float>.One + x * (Vector256<float>.One - sigmoid));
        }
    }
}
