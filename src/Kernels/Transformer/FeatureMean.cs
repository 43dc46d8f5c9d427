using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The mean of a row's feature tokens, all but the last.</summary>
/// <remarks>
/// Shapes: tokens, dTokens are (rows · columns, width) with columns at least 2; means, dMeans are (rows, width).
/// Backward writes: <c>dTokens[row, c] = dMeans[row] / (columns − 1)</c>, and 0 for the label's token.
/// </remarks>
public abstract class FeatureMean
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static FeatureMean On(ComputeDevice device) =>
        device.Choose<FeatureMean>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes means.</summary>
    public abstract void Forward(Tensor tokens, Tensor means);

    /// <summary>Writes dTokens.</summary>
    public abstract void Backward(Tensor dMeans, Tensor dTokens);

    // ---- GPU: one thread per element written ----

    internal sealed class Gpu(GpuDevice device) : FeatureMean
    {
        readonly Action<Index1D, MeanArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeanArgs>(ForwardKernel);

        readonly Action<Index1D, MeanArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeanArgs>(BackwardKernel);

        internal readonly record struct MeanArgs(ArrayView<float> Tokens, ArrayView<float> Means, int Columns, int Width);

        internal static void ForwardKernel(Index1D index, MeanArgs args)
        {
            int first = index / args.Width * args.Columns * args.Width + index % args.Width;
            float sum = 0;
            for (int column = 0; column < args.Columns - 1; column++)
            {
                sum += args.Tokens[first + column * args.Width];
            }

            args.Means[index] = sum / (args.Columns - 1);
        }

        internal static void BackwardKernel(Index1D index, MeanArgs args)
        {
            int token = index / args.Width, row = token / args.Columns;
            args.Tokens[index] = token % args.Columns == args.Columns - 1
                ? 0
                : args.Means[row * args.Width + index % args.Width] / (args.Columns - 1);
        }

        public override void Forward(Tensor tokens, Tensor means)
        {
            if (means.Length > 0)
            {
                _forward(means.Length, new(tokens.View, means.View, tokens.Rows / means.Rows, means.Width));
            }
        }

        public override void Backward(Tensor dMeans, Tensor dTokens)
        {
            if (dMeans.Length > 0)
            {
                _backward(dTokens.Length, new(dTokens.View, dMeans.View, dTokens.Rows / dMeans.Rows, dMeans.Width));
            }
        }
    }

    // ---- CPU: sums of whole tokens ----

    internal sealed class Cpu(CpuDevice device) : FeatureMean
    {
        public override void Forward(Tensor tokens, Tensor means) => device.For(means.Rows, row =>
        {
            int columns = tokens.Rows / means.Rows, width = means.Width;
            var sum = means.Span.Slice(row * width, width);
            sum.Clear();
            for (int column = 0; column < columns - 1; column++)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(sum, tokens.Span.Slice((row * columns + column) * width, width), sum);
            }

            System.Numerics.Tensors.TensorPrimitives.Divide(sum, columns - 1, sum);
        });

        public override void Backward(Tensor dMeans, Tensor dTokens) => device.For(dMeans.Rows, row =>
        {
            int columns = dTokens.Rows / dMeans.Rows, width = dMeans.Width;
            ReadOnlySpan<float> source = dMeans.Span.Slice(row * width, width);
            for (int column = 0; column < columns - 1; column++)
            {
                System.Numerics.Tensors.TensorPrimitives.Divide(source, columns - 1, dTokens.Span.Slice((row * columns + column) * width, width));
            }

            dTokens.Span.Slice((row * columns + columns - 1) * width, width).Clear();
        });
    }
}
