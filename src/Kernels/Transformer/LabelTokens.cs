using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The label column's tokens, the last of each row, gathered into a tensor of their own.</summary>
/// <remarks>
/// Shapes: tokens, dTokens are (rows · columns, width); labels, dLabels are (rows, width).
/// Backward adds: <c>dTokens[last of row] += dLabels[row]</c>.
/// </remarks>
public abstract class LabelTokens
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static LabelTokens On(ComputeDevice device) =>
        device.Choose<LabelTokens>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes labels.</summary>
    public abstract void Forward(Tensor tokens, Tensor labels);

    /// <summary>Adds to dTokens.</summary>
    public abstract void Backward(Tensor dLabels, Tensor dTokens);

    // ---- GPU: one thread per element ----

    internal sealed class Gpu(GpuDevice device) : LabelTokens
    {
        readonly Action<Index1D, CopyArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, CopyArgs>(ForwardKernel);

        readonly Action<Index1D, CopyArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, CopyArgs>(BackwardKernel);

        internal readonly record struct CopyArgs(ArrayView<float> Tokens, ArrayView<float> Labels, int Columns, int Width)
        {
            internal int Token(int index) => (index / Width * Columns + Columns - 1) * Width + index % Width;
        }

        internal static void ForwardKernel(Index1D index, CopyArgs args) => args.Labels[index] = args.Tokens[args.Token(index)];

        internal static void BackwardKernel(Index1D index, CopyArgs args) => args.Tokens[args.Token(index)] += args.Labels[index];

        public override void Forward(Tensor tokens, Tensor labels)
        {
            if (labels.Length > 0)
            {
                _forward(labels.Length, new(tokens.View, labels.View, tokens.Rows / labels.Rows, labels.Width));
            }
        }

        public override void Backward(Tensor dLabels, Tensor dTokens)
        {
            if (dLabels.Length > 0)
            {
                _backward(dLabels.Length, new(dTokens.View, dLabels.View, dTokens.Rows / dLabels.Rows, dLabels.Width));
            }
        }
    }

    // ---- CPU: copies of a few hundred bytes, in blocks of rows ----

    internal sealed class Cpu(CpuDevice device) : LabelTokens
    {
        const int RowsPerBlock = 256;

        public override void Forward(Tensor tokens, Tensor labels) => EachRow(labels.Rows, row =>
        {
            int width = labels.Width, columns = tokens.Rows / labels.Rows;
            tokens.Span.Slice((row * columns + columns - 1) * width, width).CopyTo(labels.Span.Slice(row * width, width));
        });

        public override void Backward(Tensor dLabels, Tensor dTokens) => EachRow(dLabels.Rows, row =>
        {
            int width = dLabels.Width, columns = dTokens.Rows / dLabels.Rows;
            var target = dTokens.Span.Slice((row * columns + columns - 1) * width, width);
            ReadOnlySpan<float> source = dLabels.Span.Slice(row * width, width);
            System.Numerics.Tensors.TensorPrimitives.Add(target, source, target);
        });

        void EachRow(int rows, Action<int> body) => device.For((rows + RowsPerBlock - 1) / RowsPerBlock, block =>
        {
            for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
            {
                body(row);
            }
        });
    }
}
