using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The keys and values of head 0, gathered into rows of their own: all that multi-query attention reads of a context.</summary>
/// <remarks>Shapes: keyValue is (rows, 2 · width), first is (rows, 2 · headWidth); keys in the first half of a row.</remarks>
public abstract class FirstKeyHead
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static FirstKeyHead On(ComputeDevice device) =>
        device.Choose<FirstKeyHead>(gpu => new Gpu(gpu), _ => new Cpu());

    /// <summary>Writes first.</summary>
    public abstract void Forward(Tensor keyValue, Tensor first);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : FirstKeyHead
    {
        readonly Action<Index1D, CopyArgs> _copy = device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, CopyArgs>(CopyKernel);

        internal readonly record struct CopyArgs(ArrayView<float> KeyValue, ArrayView<float> First, int Width, int HeadWidth);

        internal static void CopyKernel(Index1D index, CopyArgs args)
        {
            int row = index / (2 * args.HeadWidth), i = index % (2 * args.HeadWidth);
            args.First[index] = args.KeyValue[
                row * 2 * args.Width + (i < args.HeadWidth ? i : args.Width + i - args.HeadWidth)];
        }

        public override void Forward(Tensor keyValue, Tensor first)
        {
            if (first.Length > 0)
            {
                _copy(first.Length, new(keyValue.View, first.View, keyValue.Width / 2, first.Width / 2));
            }
        }
    }

    // ---- CPU: two copies a row; it runs inside a block of rows, so that it needs no threads of its own ----

    internal sealed class Cpu : FirstKeyHead
    {
        public override void Forward(Tensor keyValue, Tensor first)
        {
            int width = keyValue.Width / 2, headWidth = first.Width / 2;
            for (int row = 0; row < first.Rows; row++)
            {
                var source = keyValue.Span.Slice(row * 2 * width, 2 * width);
                var target = first.Span.Slice(row * 2 * headWidth, 2 * headWidth);
                source[..headWidth].CopyTo(target);
                source.Slice(width, headWidth).CopyTo(target[headWidth..]);
            }
        }
    }
}
