using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Puts the tokens of a row together: its feature groups, each plus its column's vector, and its label last.</summary>
/// <remarks>
/// Shapes: features is (rows · groups, width), labels is (rows, width), columns is (groups, width), tokens is
/// (rows · (groups + 1), width): <c>token[row, g] = features[row, g] + columns[g]</c>, <c>token[row, groups] = labels[row]</c>.
/// Thinking rows are (rows, width) and the same for each token: <c>token[row, g] = thinking[row]</c>.
/// Backward writes dFeatures and dLabels and adds to dColumns and dThinking.
/// </remarks>
public abstract class TokenAssembly
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static TokenAssembly On(ComputeDevice device) =>
        device.Choose<TokenAssembly>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the tokens of rows; without columns nothing is added.</summary>
    public abstract void Forward(Tensor features, Tensor labels, Tensor? columns, Tensor tokens);

    /// <summary>Writes dFeatures and dLabels, and adds to dColumns.</summary>
    public abstract void Backward(Tensor dTokens, Tensor dFeatures, Tensor dLabels, Tensor? dColumns);

    /// <summary>Writes the tokens of thinking rows.</summary>
    public abstract void ForwardThinking(Tensor thinking, Tensor tokens);

    /// <summary>Adds to dThinking.</summary>
    public abstract void BackwardThinking(Tensor dTokens, Tensor dThinking);

    // ---- GPU: one thread per element written ----

    internal sealed class Gpu(GpuDevice device) : TokenAssembly
    {
        readonly Action<Index1D, RowArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, RowArgs>(ForwardKernel);

        readonly Action<Index1D, RowArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, RowArgs>(BackwardKernel);

        readonly Action<Index1D, RowArgs> _columns =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, RowArgs>(ColumnKernel);

        readonly Action<Index1D, ThinkingArgs> _forwardThinking =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ThinkingArgs>(ForwardThinkingKernel);

        readonly Action<Index1D, ThinkingArgs> _backwardThinking =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ThinkingArgs>(BackwardThinkingKernel);

        internal readonly record struct RowArgs(
            ArrayView<float> Features, ArrayView<float> Labels, ArrayView<float> Columns, int HasColumns, ArrayView<float> Tokens,
            int Rows, int Groups, int Width);

        internal static void ForwardKernel(Index1D index, RowArgs args)
        {
            int i = index % args.Width, token = index / args.Width;
            int group = token % (args.Groups + 1), row = token / (args.Groups + 1);
            args.Tokens[index] = group == args.Groups
                ? args.Labels[row * args.Width + i]
                : args.Features[(row * args.Groups + group) * args.Width + i]
                    + (args.HasColumns != 0 ? args.Columns[group * args.Width + i] : 0);
        }

        internal static void BackwardKernel(Index1D index, RowArgs args)
        {
            int i = index % args.Width, token = index / args.Width;
            int group = token % (args.Groups + 1), row = token / (args.Groups + 1);
            if (group == args.Groups)
            {
                args.Labels[row * args.Width + i] = args.Tokens[index];
            }
            else
            {
                args.Features[(row * args.Groups + group) * args.Width + i] = args.Tokens[index];
            }
        }

        // One thread sums an element of a column's vector over the rows: one fixed order.
        internal static void ColumnKernel(Index1D index, RowArgs args)
        {
            float sum = 0;
            for (int row = 0; row < args.Rows; row++)
            {
                sum += args.Tokens[row * (args.Groups + 1) * args.Width + index];
            }

            args.Columns[index] += sum;
        }

        internal readonly record struct ThinkingArgs(ArrayView<float> Thinking, ArrayView<float> Tokens, int Columns, int Width);

        internal static void ForwardThinkingKernel(Index1D index, ThinkingArgs args) =>
            args.Tokens[index] = args.Thinking[index / (args.Columns * args.Width) * args.Width + index % args.Width];

        internal static void BackwardThinkingKernel(Index1D index, ThinkingArgs args)
        {
            float sum = 0;
            int first = index / args.Width * args.Columns * args.Width + index % args.Width;
            for (int column = 0; column < args.Columns; column++)
            {
                sum += args.Tokens[first + column * args.Width];
            }

            args.Thinking[index] += sum;
        }

        public override void Forward(Tensor features, Tensor labels, Tensor? columns, Tensor tokens)
        {
            if (tokens.Length > 0)
            {
                _forward(tokens.Length, Args(features, labels, columns, tokens));
            }
        }

        public override void Backward(Tensor dTokens, Tensor dFeatures, Tensor dLabels, Tensor? dColumns)
        {
            if (dTokens.Length == 0)
            {
                return;
            }

            var args = Args(dFeatures, dLabels, dColumns, dTokens);
            _backward(dTokens.Length, args);
            if (dColumns is { } columns)
            {
                _columns(columns.Length, args);
            }
        }

        static RowArgs Args(Tensor features, Tensor labels, Tensor? columns, Tensor tokens) => new(
            features.View, labels.View, (columns ?? labels).View, columns is null ? 0 : 1, tokens.View,
            labels.Rows, features.Rows / labels.Rows, tokens.Width);

        public override void ForwardThinking(Tensor thinking, Tensor tokens) =>
            _forwardThinking(tokens.Length, new(thinking.View, tokens.View, tokens.Rows / thinking.Rows, tokens.Width));

        public override void BackwardThinking(Tensor dTokens, Tensor dThinking) =>
            _backwardThinking(dThinking.Length, new(dThinking.View, dTokens.View, dTokens.Rows / dThinking.Rows, dTokens.Width));
    }

    // ---- CPU: copies and sums of whole tokens ----

    internal sealed class Cpu(CpuDevice device) : TokenAssembly
    {
        const int RowsPerBlock = 64;

        public override void Forward(Tensor features, Tensor labels, Tensor? columns, Tensor tokens) => EachRow(labels.Rows, row =>
        {
            int groups = features.Rows / labels.Rows, width = tokens.Width;
            var target = tokens.Span.Slice(row * (groups + 1) * width, (groups + 1) * width);
            ReadOnlySpan<float> source = features.Span.Slice(row * groups * width, groups * width);
            if (columns is { } added)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(source, added.Span, target);
            }
            else
            {
                source.CopyTo(target);
            }

            labels.Span.Slice(row * width, width).CopyTo(target[(groups * width)..]);
        });

        public override void Backward(Tensor dTokens, Tensor dFeatures, Tensor dLabels, Tensor? dColumns)
        {
            int rows = dLabels.Rows, width = dTokens.Width;
            if (rows == 0)
            {
                return;
            }

            int groups = dFeatures.Rows / rows;
            EachRow(rows, row =>
            {
                ReadOnlySpan<float> source = dTokens.Span.Slice(row * (groups + 1) * width, (groups + 1) * width);
                source[..(groups * width)].CopyTo(dFeatures.Span.Slice(row * groups * width, groups * width));
                source[(groups * width)..].CopyTo(dLabels.Span.Slice(row * width, width));
            });
            if (dColumns is { } sums)
            {
                device.For(groups, group =>
                {
                    var sum = sums.Span.Slice(group * width, width);
                    for (int row = 0; row < rows; row++)
                    {
                        System.Numerics.Tensors.TensorPrimitives.Add(sum, dTokens.Span.Slice((row * (groups + 1) + group) * width, width), sum);
                    }
                });
            }
        }

        public override void ForwardThinking(Tensor thinking, Tensor tokens)
        {
            int columns = tokens.Rows / thinking.Rows, width = tokens.Width;
            for (int token = 0; token < tokens.Rows; token++)
            {
                thinking.Span.Slice(token / columns * width, width).CopyTo(tokens.Span.Slice(token * width, width));
            }
        }

        public override void BackwardThinking(Tensor dTokens, Tensor dThinking)
        {
            int columns = dTokens.Rows / dThinking.Rows, width = dTokens.Width;
            for (int token = 0; token < dTokens.Rows; token++)
            {
                var sum = dThinking.Span.Slice(token / columns * width, width);
                System.Numerics.Tensors.TensorPrimitives.Add(sum, dTokens.Span.Slice(token * width, width), sum);
            }
        }

        void EachRow(int rows, Action<int> body) => device.For((rows + RowsPerBlock - 1) / RowsPerBlock, block =>
        {
            for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
            {
                body(row);
            }
        });
    }
}
