using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The Euclidean norm of all gradients together: <c>norm = √Σ g²</c>.</summary>
/// <remarks>Shapes: gradients is the flat block (1, parameters); norm is (1, 1). Summed in a fixed order.</remarks>
public abstract class GradientNorm
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static GradientNorm On(ComputeDevice device) =>
        device.Choose<GradientNorm>(gpu => new Gpu(gpu), _ => new Cpu());

    /// <summary>Writes norm.</summary>
    public abstract void Measure(Tensor gradients, Tensor norm);

    // ---- GPU: one group strides over all parameters; a million take its 1024 threads a thousand steps ----

    internal sealed class Gpu(GpuDevice device) : GradientNorm
    {
        const int MostThreads = 1024;

        readonly Action<KernelConfig, MeasureArgs> _measure = device.Accelerator.LoadStreamKernel<MeasureArgs>(MeasureKernel);

        internal readonly record struct MeasureArgs(ArrayView<float> Gradients, ArrayView<float> Norm);

        internal static void MeasureKernel(MeasureArgs args)
        {
            float sum = 0;
            for (int i = Group.IdxX; i < args.Gradients.Length; i += Group.DimX)
            {
                sum += args.Gradients[i] * args.Gradients[i];
            }

            sum = GroupSum.Of(sum);
            if (Group.IsFirstThread)
            {
                args.Norm[0] = XMath.Sqrt(sum);
            }
        }

        public override void Measure(Tensor gradients, Tensor norm) =>
            _measure((1, device.GroupSize(MostThreads)), new(gradients.View, norm.View));
    }

    // ---- CPU: one thread; a million parameters take a tenth of a millisecond ----

    internal sealed class Cpu : GradientNorm
    {
        const int Block = 4096;

        public override void Measure(Tensor gradients, Tensor norm)
        {
            // Blocks in float, their sums in double: the norm is exact to a few units in the last place.
            double sum = 0;
            ReadOnlySpan<float> all = gradients.Span;
            for (int i = 0; i < all.Length; i += Block)
            {
                sum += FixedOrder.SumOfSquares(all.Slice(i, Math.Min(Block, all.Length - i)));
            }

            norm.Span[0] = (float)Math.Sqrt(sum);
        }
    }
}
