using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Cross-entropy of a softmax over the first n logits of each row: <c>loss = log Σₖ exp zₖ − z[label]</c>, or
/// <c>Σₖ qₖ (log Σ exp z − zₖ)</c> for soft labels q.
/// </summary>
/// <remarks>
/// Shapes: logits, probabilities, dLogits, soft labels are (rows, classes of the model); labels is (rows); losses is
/// (rows, 1); classes is (tables), the n of each table, whose rows lie together in equal numbers. Logits past n take no
/// part: their probability and gradient are 0. <c>dLogits = (p − q) / rows</c>, the gradient of the mean loss.
/// </remarks>
public abstract class SoftmaxCrossEntropy
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static SoftmaxCrossEntropy On(ComputeDevice device) =>
        device.Choose<SoftmaxCrossEntropy>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the losses and probabilities.</summary>
    public abstract void Forward(
        Tensor logits, DeviceArray<int> labels, DeviceArray<int> classes, Tensor losses, Tensor probabilities);

    /// <summary>Writes <paramref name="weight"/> times dLogits.</summary>
    public abstract void Backward(Tensor probabilities, DeviceArray<int> labels, Tensor dLogits, float weight = 1);

    /// <summary>Writes the losses and probabilities; each row of <paramref name="softLabels"/> is a distribution.</summary>
    public abstract void Forward(
        Tensor logits, Tensor softLabels, DeviceArray<int> classes, Tensor losses, Tensor probabilities);

    /// <summary>Writes <paramref name="weight"/> times dLogits.</summary>
    public abstract void Backward(Tensor probabilities, Tensor softLabels, Tensor dLogits, float weight = 1);

    // ---- GPU: one thread per row ----

    internal sealed class Gpu(GpuDevice device) : SoftmaxCrossEntropy
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        // What the labels are; views that a kind does not read are stood in for by another.
        const int Hard = 1, Soft = 2;

        internal readonly record struct ForwardArgs(
            ArrayView<float> Logits, ArrayView<int> Classes, ArrayView<int> Labels, ArrayView<float> SoftLabels,
            ArrayView<float> Losses, ArrayView<float> Probabilities, int Rows, int Width, int Kind);

        internal static void ForwardKernel(Index1D row, ForwardArgs args)
        {
            int tables = (int)args.Classes.Length, first = row * args.Width;
            int n = args.Classes[(int)((long)(int)row * tables / args.Rows)];
            float most = float.NegativeInfinity, sum = 0;
            for (int k = 0; k < n; k++)
            {
                most = XMath.Max(most, args.Logits[first + k]);
            }

            for (int k = 0; k < n; k++)
            {
                sum += XMath.Exp(args.Logits[first + k] - most);
            }

            float logSum = most + XMath.Log(sum), loss = 0;
            for (int k = 0; k < args.Width; k++)
            {
                args.Probabilities[first + k] = k < n ? XMath.Exp(args.Logits[first + k] - most) / sum : 0;
                if (args.Kind == Soft && args.SoftLabels[first + k] != 0)
                {
                    loss += args.SoftLabels[first + k] * (logSum - args.Logits[first + k]);
                }
            }

            args.Losses[row] = args.Kind == Soft ? loss : logSum - args.Logits[first + args.Labels[row]];
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> Probabilities, ArrayView<int> Labels, ArrayView<float> SoftLabels, ArrayView<float> DLogits,
            int Rows, int Width, int Kind, float Weight);

        internal static void BackwardKernel(Index1D row, BackwardArgs args)
        {
            for (int k = 0; k < args.Width; k++)
            {
                int at = row * args.Width + k;
                float target = args.Kind == Soft ? args.SoftLabels[at] : args.Labels[row] == k ? 1 : 0;
                args.DLogits[at] = (args.Probabilities[at] - target) / args.Rows * args.Weight;
            }
        }

        public override void Forward(
            Tensor logits, DeviceArray<int> labels, DeviceArray<int> classes, Tensor losses, Tensor probabilities) => _forward(
            logits.Rows,
            new(logits.View, classes.View, labels.View, logits.View, losses.View, probabilities.View,
                logits.Rows, logits.Width, Hard));

        public override void Backward(Tensor probabilities, DeviceArray<int> labels, Tensor dLogits, float weight) => _backward(
            probabilities.Rows,
            new(
                probabilities.View, labels.View, probabilities.View, dLogits.View, probabilities.Rows, probabilities.Width, Hard, weight));

        public override void Forward(
            Tensor logits, Tensor softLabels, DeviceArray<int> classes, Tensor losses, Tensor probabilities) => _forward(
            logits.Rows,
            new(logits.View, classes.View, classes.View, softLabels.View, losses.View, probabilities.View,
                logits.Rows, logits.Width, Soft));

        public override void Backward(Tensor probabilities, Tensor softLabels, Tensor dLogits, float weight) => _backward(
            probabilities.Rows,
            new(probabilities.View, default, softLabels.View, dLogits.View, probabilities.Rows, probabilities.Width, Soft, weight));
    }

    // ---- CPU: rows hold ten numbers, so plain loops; blocks of rows in parallel ----

    internal sealed class Cpu(CpuDevice device) : SoftmaxCrossEntropy
    {
        const int RowsPerBlock = 256;

        public override void Forward(
            Tensor logits, DeviceArray<int> labels, DeviceArray<int> classes, Tensor losses, Tensor probabilities) =>
            EachRow(logits.Rows, row =>
            {
                float logSum = Softmax(logits, classes, row, probabilities);
                losses.Span[row] = logSum - logits.Span[row * logits.Width + labels.Span[row]];
            });

        public override void Backward(Tensor probabilities, DeviceArray<int> labels, Tensor dLogits, float weight) =>
            EachRow(probabilities.Rows, row =>
            {
                int width = probabilities.Width;
                float share = weight / probabilities.Rows;
                ReadOnlySpan<float> p = probabilities.Span.Slice(row * width, width);
                var dz = dLogits.Span.Slice(row * width, width);
                for (int k = 0; k < width; k++)
                {
                    dz[k] = (p[k] - (k == labels.Span[row] ? 1 : 0)) * share;
                }
            });

        public override void Forward(
            Tensor logits, Tensor softLabels, DeviceArray<int> classes, Tensor losses, Tensor probabilities) =>
            EachRow(logits.Rows, row =>
            {
                int width = logits.Width;
                float logSum = Softmax(logits, classes, row, probabilities);
                ReadOnlySpan<float> z = logits.Span.Slice(row * width, width), q = softLabels.Span.Slice(row * width, width);
                float loss = 0;
                for (int k = 0; k < width; k++)
                {
                    loss += q[k] == 0 ? 0 : q[k] * (logSum - z[k]);
                }

                losses.Span[row] = loss;
            });

        public override void Backward(Tensor probabilities, Tensor softLabels, Tensor dLogits, float weight) =>
            EachRow(probabilities.Rows, row =>
            {
                int width = probabilities.Width;
                float share = weight / probabilities.Rows;
                ReadOnlySpan<float> p = probabilities.Span.Slice(row * width, width);
                ReadOnlySpan<float> q = softLabels.Span.Slice(row * width, width);
                var dz = dLogits.Span.Slice(row * width, width);
                for (int k = 0; k < width; k++)
                {
                    dz[k] = (p[k] - q[k]) * share;
                }
            });

        void EachRow(int rows, Action<int> body) => device.For((rows + RowsPerBlock - 1) / RowsPerBlock, block =>
        {
            for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
            {
                body(row);
            }
        });

        // Returns log Σ exp z over the row's classes.
        static float Softmax(Tensor logits, DeviceArray<int> classes, int row, Tensor probabilities)
        {
            int width = logits.Width, n = classes.Span[(int)((long)row * classes.Length / logits.Rows)];
            ReadOnlySpan<float> z = logits.Span.Slice(row * width, width);
            var p = probabilities.Span.Slice(row * width, width);
            float most = float.NegativeInfinity;
            foreach (float value in z[..n])
            {
                most = Math.Max(most, value);
            }

            float sum = 0;
            for (int k = 0; k < width; k++)
            {
                p[k] = k < n ? MathF.Exp(z[k] - most) : 0;
                sum += p[k];
            }

            for (int k = 0; k < n; k++)
            {
                p[k] /= sum;
            }

            return most + MathF.Log(sum);
        }
    }
}
