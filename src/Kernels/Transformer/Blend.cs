using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Moves values a share of the way to a target: <c>x ← x + share · (target − x)</c>.</summary>
/// <remarks>Shapes: x and target are alike. The share may lie outside 0 … 1, which turns an average back into its end.</remarks>
public abstract class Blend
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Blend On(ComputeDevice device) => device.Choose<Blend>(gpu => new Gpu(gpu), _ => new Cpu());

    /// <summary>Updates x.</summary>
    public abstract void Move(float share, Tensor x, Tensor target);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : Blend
    {
        readonly Action<Index1D, MoveArgs> _move =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MoveArgs>(MoveKernel);

        internal readonly record struct MoveArgs(float Share, ArrayView<float> X, ArrayView<float> Target);

        internal static void MoveKernel(Index1D i, MoveArgs args) => args.X[i] += (args.Target[i] - args.X[i]) * args.Share;

        public override void Move(float share, Tensor x, Tensor target) => _move(x.Length, new(share, x.View, target.View));
    }

    // ---- CPU: one thread, for it waits for memory and not for arithmetic ----

    internal sealed class Cpu : Blend
    {
        public override void Move(float share, Tensor x, Tensor target)
        {
            var values = x.Span;
            System.Numerics.Tensors.TensorPrimitives.Lerp(values, target.Span, share, values);
        }
    }
}
