using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>Copies some columns of one matrix onto columns of another, or adds them: what joins and parts what layers read.</summary>
/// <remarks>Shapes: source and target have as many rows; column firstFrom + i goes to column firstTo + i, for i below the count.</remarks>
public abstract class ColumnCopy
{
    /// <summary>The operation on <paramref name="device"/>, with its kernel compiled.</summary>
    public static ColumnCopy On(ComputeDevice device) => device.Choose<ColumnCopy>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes <paramref name="count"/> columns of <paramref name="target"/>, or adds to them.</summary>
    public abstract void Copy(Tensor source, int firstFrom, Tensor target, int firstTo, int count, bool accumulate = false);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : ColumnCopy
    {
        readonly Action<Index1D, CopyArgs> _copy =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, CopyArgs>(CopyKernel);

        internal readonly record struct CopyArgs(
            ArrayView<float> From, int FirstFrom, int FromWidth, ArrayView<float> To, int FirstTo, int ToWidth, int Count,
            int Accumulate);

        internal static void CopyKernel(Index1D index, CopyArgs args)
        {
            int row = index / args.Count, column = index % args.Count;
            float value = args.From[row * args.FromWidth + args.FirstFrom + column];
            int at = row * args.ToWidth + args.FirstTo + column;
            args.To[at] = args.Accumulate != 0 ? args.To[at] + value : value;
        }

        public override void Copy(Tensor source, int firstFrom, Tensor target, int firstTo, int count, bool accumulate)
        {
            if (source.Rows * count > 0)
            {
                _copy(
                    source.Rows * count,
                    new(
                        source.View, firstFrom, source.Width, target.View, firstTo, target.Width, count, accumulate ? 1 : 0));
            }
        }
    }

    // ---- CPU: a row at a time ----

    internal sealed class Cpu(CpuDevice device) : ColumnCopy
    {
        const int RowsPerBlock = 128;

        public override void Copy(Tensor source, int firstFrom, Tensor target, int firstTo, int count, bool accumulate) =>
            device.For((source.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                for (int row = block * RowsPerBlock; row < Math.Min(source.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    var read = source.Span.Slice(row * source.Width + firstFrom, count);
                    var written = target.Span.Slice(row * target.Width + firstTo, count);
                    if (accumulate)
                    {
                        System.Numerics.Tensors.TensorPrimitives.Add(written, read, written);
                    }
                    else
                    {
                        read.CopyTo(written);
                    }
                }
            });
    }
}
