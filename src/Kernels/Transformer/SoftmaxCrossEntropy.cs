using CausalMixFT.Kernels.Devices;

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
        device.Choose<SoftmaxCrossEntropy>(_ => throw new NotSupportedException(), cpu => new Cpu(cpu));

    /// <summary>Writes the softmax over the first n logits of each row.</summary>
    public abstract void Probabilities(Tensor logits, DeviceArray<int> classes, Tensor probabilities);

    /// <summary>Writes the losses and probabilities.</summary>
    public abstract void Forward(
        Tensor logits, DeviceArray<int> labels, DeviceArray<int> classes, Tensor losses, Tensor probabilities);

    /// <summary>Writes dLogits.</summary>
    public abstract void Backward(Tensor probabilities, DeviceArray<int> labels, Tensor dLogits);

    /// <summary>Writes the losses and probabilities; each row of <paramref name="softLabels"/> is a distribution.</summary>
    public abstract void Forward(
        Tensor logits, Tensor softLabels, DeviceArray<int> classes, Tensor losses, Tensor probabilities);

    /// <summary>Writes dLogits.</summary>
    public abstract void Backward(Tensor probabilities, Tensor softLabels, Tensor dLogits);

    // ---- CPU: rows hold ten numbers, so plain loops; blocks of rows in parallel ----

    internal sealed class Cpu(CpuDevice device) : SoftmaxCrossEntropy
    {
        const int RowsPerBlock = 256;

        public override void Probabilities(Tensor logits, DeviceArray<int> classes, Tensor probabilities) =>
            EachRow(logits.Rows, row => Softmax(logits, classes, row, probabilities));

        public override void Forward(
            Tensor logits, DeviceArray<int> labels, DeviceArray<int> classes, Tensor losses, Tensor probabilities) =>
            EachRow(logits.Rows, row =>
            {
                float logSum = Softmax(logits, classes, row, probabilities);
                losses.Span[row] = logSum - logits.Span[row * logits.Width + labels.Span[row]];
            });

        public override void Backward(Tensor probabilities, DeviceArray<int> labels, Tensor dLogits) =>
            EachRow(probabilities.Rows, row =>
            {
                int width = probabilities.Width;
                float share = 1f / probabilities.Rows;
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

        public override void Backward(Tensor probabilities, Tensor softLabels, Tensor dLogits) =>
            EachRow(probabilities.Rows, row =>
            {
                int width = probabilities.Width;
                float share = 1f / probabilities.Rows;
                ReadOnlySpan<float> p = probabilities.Span.Slice(row * width, width), q = softLabels.Span.Slice(row * width, width);
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
