using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;
using Tensor = CausalMixFT.Kernels.Devices.Tensor;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>Adds to each row the row of a table that its index names: <c>y[r] += table[index[r]]</c>.</summary>
/// <remarks>
/// Shapes: table, dTable are (entries, width); index is (rows) or longer; y, dy are (rows, width). Backward:
/// <c>dTable[e] += Σ dy[r]</c> over the rows r whose index is e, in the order of the rows.
/// </remarks>
public abstract class RowLookup
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static RowLookup On(ComputeDevice device) => device.Choose<RowLookup>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Adds to y.</summary>
    public abstract void Forward(Tensor table, DeviceArray<int> index, Tensor y);

    /// <summary>Adds to dTable.</summary>
    public abstract void Backward(Tensor dy, DeviceArray<int> index, Tensor dTable);

    // ---- GPU: forward one thread per element of y; backward one per element of the table, which passes over all rows ----

    internal sealed class Gpu(GpuDevice device) : RowLookup
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(ArrayView<float> Table, ArrayView<int> Index, ArrayView<float> Y, int Width);

        internal static void ForwardKernel(Index1D i, ForwardArgs args) =>
            args.Y[i] += args.Table[args.Index[i / args.Width] * args.Width + i % args.Width];

        internal readonly record struct BackwardArgs(
            ArrayView<float> Dy, ArrayView<int> Index, ArrayView<float> DTable, int Rows, int Width);

        internal static void BackwardKernel(Index1D i, BackwardArgs args)
        {
            int entry = i / args.Width, column = i % args.Width;
            float sum = args.DTable[i];
            for (int row = 0; row < args.Rows; row++)
            {
                if (args.Index[row] == entry)
                {
                    sum += args.Dy[row * args.Width + column];
                }
            }

            args.DTable[i] = sum;
        }

        public override void Forward(Tensor table, DeviceArray<int> index, Tensor y)
        {
            if (y.Length > 0)
            {
                _forward(y.Length, new(table.View, index.View, y.View, y.Width));
            }
        }

        public override void Backward(Tensor dy, DeviceArray<int> index, Tensor dTable)
        {
            if (dy.Length > 0)
            {
                _backward(dTable.Length, new(dy.View, index.View, dTable.View, dy.Rows, dy.Width));
            }
        }
    }

    // ---- CPU: whole rows forward; backward slices of columns, so that each sum has one order for any number of threads ----

    internal sealed class Cpu(CpuDevice device) : RowLookup
    {
        const int RowsPerBlock = 256, ColumnsPerSlice = 32;

        public override void Forward(Tensor table, DeviceArray<int> index, Tensor y) =>
            device.For((y.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                int width = y.Width;
                ReadOnlySpan<float> entries = table.Span;
                var rows = y.Span;
                for (int row = block * RowsPerBlock; row < Math.Min(y.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    var target = rows.Slice(row * width, width);
                    TensorPrimitives.Add(target, entries.Slice(index.Span[row] * width, width), target);
                }
            });

        public override void Backward(Tensor dy, DeviceArray<int> index, Tensor dTable) =>
            device.For((dy.Width + ColumnsPerSlice - 1) / ColumnsPerSlice, slice =>
            {
                int width = dy.Width, first = slice * ColumnsPerSlice, count = Math.Min(ColumnsPerSlice, width - first);
                ReadOnlySpan<float> gradients = dy.Span;
                var sums = dTable.Span;
                for (int row = 0; row < dy.Rows; row++)
                {
                    var target = sums.Slice(index.Span[row] * width + first, count);
                    TensorPrimitives.Add(target, gradients.Slice(row * width + first, count), target);
                }
            });
    }
}
