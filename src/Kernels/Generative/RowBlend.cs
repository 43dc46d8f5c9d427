using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>A point between two rows, at a place of each row's own: <c>y = a + t (b − a)</c>.</summary>
/// <remarks>Shapes: a, b, y are (rows, width); t is (rows, 1).</remarks>
public abstract class RowBlend
{
    /// <summary>The operation on <paramref name="device"/>, with its kernel compiled.</summary>
    public static RowBlend On(ComputeDevice device) => device.Choose<RowBlend>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y.</summary>
    public abstract void Between(Tensor a, Tensor b, Tensor t, Tensor y);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : RowBlend
    {
        readonly Action<Index1D, BlendArgs> _blend =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BlendArgs>(BlendKernel);

        internal readonly record struct BlendArgs(
            ArrayView<float> A, ArrayView<float> B, ArrayView<float> T, ArrayView<float> Y, int Width);

        internal static void BlendKernel(Index1D i, BlendArgs args) =>
            args.Y[i] = args.A[i] + args.T[i / args.Width] * (args.B[i] - args.A[i]);

        public override void Between(Tensor a, Tensor b, Tensor t, Tensor y)
        {
            if (a.Length > 0)
            {
                _blend(a.Length, new(a.View, b.View, t.View, y.View, a.Width));
            }
        }
    }

    // ---- CPU: the library's vectors, a row at a time ----

    internal sealed class Cpu(CpuDevice device) : RowBlend
    {
        public override void Between(Tensor a, Tensor b, Tensor t, Tensor y) => device.For(a.Rows, row =>
            System.Numerics.Tensors.TensorPrimitives.Lerp(
                a.Slice(row, 1).Span, b.Slice(row, 1).Span, t.Span[row], y.Slice(row, 1).Span));
    }
}
