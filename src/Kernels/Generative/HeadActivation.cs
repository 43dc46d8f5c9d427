using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// From outputs to a soft row: <c>p = softmax((x + g) / τ)</c> over a head's block, and <c>y = tanh(x) · Σ p over the modes</c> for
/// its number.
/// </summary>
/// <remarks>
/// With Gumbel noise g this is the Gumbel-softmax of Jang, Gu and Poole (2017). A number counts for as much as one of its modes is
/// on, so that it is 0 for a level or an atom, as in the rows that were encoded. Shapes: x, g, dx are (rows, outputs); y, dy have at
/// least as many columns, of which the first are meant. Backward: <c>dx = p (dp − Σ dp p) / τ</c>, where dp of a mode has the
/// number's <c>dy tanh(x)</c> added, and <c>dx = dy (1 − tanh² x) Σ p</c>.
/// </remarks>
public abstract class HeadActivation
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static HeadActivation On(ComputeDevice device) =>
        device.Choose<HeadActivation>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the first columns of y.</summary>
    public abstract void Forward(DeviceArray<OutputHead> heads, Tensor x, Tensor? noise, float temperature, Tensor y);

    /// <summary>Writes dx.</summary>
    public abstract void Backward(
        DeviceArray<OutputHead> heads, Tensor dy, Tensor x, Tensor y, float temperature, Tensor dx);

    // ---- GPU: one thread per row and head ----

    internal sealed class Gpu(GpuDevice device) : HeadActivation
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(
            ArrayView<OutputHead> Heads, ArrayView<float> X, ArrayView<float> Noise, int HasNoise, ArrayView<float> Y, int Width,
            int YWidth, float Sharpness);

        internal static void ForwardKernel(Index1D index, ForwardArgs args)
        {
            int heads = args.Heads.IntLength, row = index / heads;
            var head = args.Heads[index % heads];
            int x = row * args.Width + head.Start, y = row * args.YWidth + head.Start;
            float most = float.NegativeInfinity, sum = 0, modes = 0;
            for (int i = 0; i < head.Levels; i++)
            {
                float logit = (args.X[x + i] + (args.HasNoise != 0 ? args.Noise[x + i] : 0)) * args.Sharpness;
                args.Y[y + i] = logit;
                most = XMath.Max(most, logit);
            }

            for (int i = 0; i < head.Levels; i++)
            {
                float share = XMath.Exp(args.Y[y + i] - most);
                args.Y[y + i] = share;
                sum += share;
            }

            for (int i = 0; i < head.Levels; i++)
            {
                args.Y[y + i] /= sum;
                modes += i >= head.Levels - head.Modes ? args.Y[y + i] : 0;
            }

            if (head.Modes > 0)
            {
                args.Y[y + head.Levels] = XMath.Tanh(args.X[x + head.Levels]) * modes;
            }
        }

        internal readonly record struct BackwardArgs(
            ArrayView<OutputHead> Heads, ArrayView<float> Dy, ArrayView<float> X, ArrayView<float> Y, ArrayView<float> Dx,
            int Width, int YWidth, int DyWidth, float Sharpness);

        internal static void BackwardKernel(Index1D index, BackwardArgs args)
        {
            int heads = args.Heads.IntLength, row = index / heads;
            var head = args.Heads[index % heads];
            int x = row * args.Width + head.Start, y = row * args.YWidth + head.Start, d = row * args.DyWidth + head.Start;
            float tanh = head.Modes > 0 ? XMath.Tanh(args.X[x + head.Levels]) : 0;
            float numberGradient = head.Modes > 0 ? args.Dy[d + head.Levels] : 0;
            float mean = 0, modes = 0;
            for (int i = 0; i < head.Levels; i++)
            {
                float share = args.Y[y + i], gradient = args.Dy[d + i];
                if (i >= head.Levels - head.Modes)
                {
                    gradient += numberGradient * tanh;
                    modes += share;
                }

                mean += gradient * share;
            }

            for (int i = 0; i < head.Levels; i++)
            {
                float gradient = args.Dy[d + i] + (i >= head.Levels - head.Modes ? numberGradient * tanh : 0);
                args.Dx[x + i] = args.Y[y + i] * (gradient - mean) * args.Sharpness;
            }

            if (head.Modes > 0)
            {
                args.Dx[x + head.Levels] = numberGradient * (1 - tanh * tanh) * modes;
            }
        }

        public override void Forward(DeviceArray<OutputHead> heads, Tensor x, Tensor? noise, float temperature, Tensor y)
        {
            if (x.Rows * heads.Length > 0)
            {
                _forward(
                    x.Rows * heads.Length,
                    new(
                        heads.View, x.View, (noise ?? x).View, noise is null ? 0 : 1, y.View, x.Width, y.Width, 1 / temperature));
            }
        }

        public override void Backward(
            DeviceArray<OutputHead> heads, Tensor dy, Tensor x, Tensor y, float temperature, Tensor dx)
        {
            if (x.Rows * heads.Length > 0)
            {
                _backward(
                    x.Rows * heads.Length,
                    new(heads.View, dy.View, x.View, y.View, dx.View, x.Width, y.Width, dy.Width, 1 / temperature));
            }
        }
    }

    // ---- CPU: exponentials of a whole row eight at a time, between the heads' own loops; blocks of rows in parallel ----

    internal sealed unsafe class Cpu(CpuDevice device) : HeadActivation
    {
        const int RowsPerBlock = 32;

        public override void Forward(DeviceArray<OutputHead> heads, Tensor x, Tensor? noise, float temperature, Tensor y)
        {
            int width = x.Width, padded = (width + 7) & ~7;
            float sharpness = 1 / temperature;
            device.For((x.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                float[] buffer = System.Buffers.ArrayPool<float>.Shared.Rent(padded);
                fixed (float* shares = buffer)
                {
                    for (int row = block * RowsPerBlock; row < Math.Min(x.Rows, (block + 1) * RowsPerBlock); row++)
                    {
                        float* from = x.Start + (long)row * width, to = y.Start + (long)row * y.Width;
                        float* drawn = noise is { } n ? n.Start + (long)row * width : null;
                        ForwardRow(heads.Span, from, drawn, sharpness, shares, padded, to);
                    }
                }

                System.Buffers.ArrayPool<float>.Shared.Return(buffer);
            });
        }

        static void ForwardRow(
            ReadOnlySpan<OutputHead> heads, float* x, float* noise, float sharpness, float* shares, int padded, float* y)
        {
            new Span<float>(shares, padded).Clear();
            foreach (var head in heads)
            {
                float most = float.NegativeInfinity;
                for (int i = head.Start; i < head.Number; i++)
                {
                    shares[i] = (x[i] + (noise is null ? 0 : noise[i])) * sharpness;
                    most = MathF.Max(most, shares[i]);
                }

                for (int i = head.Start; i < head.Number; i++)
                {
                    shares[i] -= most;
                }

                if (head.Modes > 0)
                {
                    // tanh x = 1 − 2 / (e^2x + 1); within ±15 it is 1 to the last bit, and the square is a number.
                    shares[head.Number] = 2 * Math.Clamp(x[head.Number], -15, 15);
                }
            }

            for (int i = 0; i < padded; i += 8)
            {
                VectorMath.Exp(Vector256.Load(shares + i)).Store(shares + i);
            }

            foreach (var head in heads)
            {
                float sum = 0, modes = 0;
                for (int i = head.Start; i < head.Number; i++)
                {
                    sum += shares[i];
                }

                for (int i = head.Start; i < head.Number; i++)
                {
                    y[i] = shares[i] / sum;
                    modes += i >= head.FirstMode ? y[i] : 0;
                }

                if (head.Modes > 0)
                {
                    y[head.Number] = (1 - 2 / (shares[head.Number] + 1)) * modes;
                }
            }
        }

        public override void Backward(
            DeviceArray<OutputHead> heads, Tensor dy, Tensor x, Tensor y, float temperature, Tensor dx)
        {
            float sharpness = 1 / temperature;
            device.For((x.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                for (int row = block * RowsPerBlock; row < Math.Min(x.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    float* d = dy.Start + (long)row * dy.Width, at = x.Start + (long)row * x.Width;
                    float* shares = y.Start + (long)row * y.Width, to = dx.Start + (long)row * x.Width;
                    foreach (var head in heads.Span)
                    {
                        BackwardHead(head, d, at, shares, sharpness, to);
                    }
                }
            });
        }

        static void BackwardHead(OutputHead head, float* dy, float* x, float* y, float sharpness, float* dx)
        {
            float tanh = 0, number = 0, modes = 0, mean = 0;
            if (head.Modes > 0)
            {
                tanh = MathF.Tanh(x[head.Number]);
                number = dy[head.Number];
            }

            for (int i = head.Start; i < head.Number; i++)
            {
                float gradient = dy[i] + (i >= head.FirstMode ? number * tanh : 0);
                modes += i >= head.FirstMode ? y[i] : 0;
                mean += gradient * y[i];
                dx[i] = gradient;
            }

            for (int i = head.Start; i < head.Number; i++)
            {
                dx[i] = y[i] * (dx[i] - mean) * sharpness;
            }

            if (head.Modes > 0)
            {
                dx[head.Number] = number * (1 - tanh * tanh) * modes;
            }
        }
    }
}
