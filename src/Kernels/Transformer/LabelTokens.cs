using CausalMixFT.Kernels.Devices;

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
        device.Choose<LabelTokens>(_ => throw new NotSupportedException(), cpu => new Cpu(cpu));

    /// <summary>Writes labels.</summary>
    public abstract void Forward(Tensor tokens, Tensor labels);

    /// <summary>Adds to dTokens.</summary>
    public abstract void Backward(Tensor dLabels, Tensor dTokens);

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
