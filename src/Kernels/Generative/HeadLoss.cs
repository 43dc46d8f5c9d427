using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// How far outputs are from an encoded row: of each head the cross-entropy <c>log Σ eˣ − x[t]</c> of its block and, where a mode is
/// on, <c>½ ((a − tanh x) / σ)² + log σ</c> of its number a.
/// </summary>
/// <remarks>
/// The negative log likelihood of the decoder in Xu et al. (2019), up to a constant. Shapes: x, dx are (rows, outputs); target has at
/// least as many columns, of which the first are an encoded row; σ and dσ are (1, outputs), read at the heads' numbers; losses is
/// (rows, heads). σ is first brought into [0.01, 1] where it is kept. Writes dx = weight · dloss/dx and adds to dσ.
/// </remarks>
public abstract class HeadLoss
{
    const float LeastDeviation = 0.01f, MostDeviation = 1;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static HeadLoss On(ComputeDevice device) => device.Choose<HeadLoss>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Brings σ into its bounds, writes losses and dx, and adds to dσ.</summary>
    public abstract void Measure(
        DeviceArray<OutputHead> heads, Tensor x, Tensor target, Tensor deviation, float weight, Tensor losses, Tensor dx,
        Tensor dDeviation);

    // ---- GPU: one thread per row and head; then one per head, for σ ----

    internal sealed class Gpu(GpuDevice device) : HeadLoss
    {
        readonly Action<Index1D, MeasureArgs> _clamp =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(ClampKernel);

        readonly Action<Index1D, MeasureArgs> _measure =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(MeasureKernel);

        readonly Action<Index1D, MeasureArgs> _deviation =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(DeviationKernel);

        internal readonly record struct MeasureArgs(
            ArrayView<OutputHead> Heads, ArrayView<float> X, ArrayView<float> Target, ArrayView<float> Deviation,
            ArrayView<float> Losses, ArrayView<float> Dx, ArrayView<float> DDeviation, int Rows, int Width, int TargetWidth,
            float Weight);

        internal static void ClampKernel(Index1D index, MeasureArgs args)
        {
            var head = args.Heads[index];
            if (head.Modes > 0)
            {
                args.Deviation[head.Number] =
                    XMath.Min(XMath.Max(args.Deviation[head.Number], LeastDeviation), MostDeviation);
            }
        }

        internal static void MeasureKernel(Index1D index, MeasureArgs args)
        {
            int heads = args.Heads.IntLength, row = index / heads;
            var head = args.Heads[index % heads];
            int x = row * args.Width + head.Start, t = row * args.TargetWidth + head.Start;
            float most = float.NegativeInfinity, sum = 0, logit = 0, modes = 0;
            for (int i = 0; i < head.Levels; i++)
            {
                most = XMath.Max(most, args.X[x + i]);
                logit += args.X[x + i] * args.Target[t + i];
                modes += i >= head.Levels - head.Modes ? args.Target[t + i] : 0;
            }

            for (int i = 0; i < head.Levels; i++)
            {
                sum += XMath.Exp(args.X[x + i] - most);
            }

            for (int i = 0; i < head.Levels; i++)
            {
                args.Dx[x + i] = args.Weight * (XMath.Exp(args.X[x + i] - most) / sum - args.Target[t + i]);
            }

            float loss = most + XMath.Log(sum) - logit;
            if (head.Modes > 0)
            {
                float deviation = args.Deviation[head.Start + head.Levels], tanh = XMath.Tanh(args.X[x + head.Levels]);
                float off = (tanh - args.Target[t + head.Levels]) / deviation;
                loss += modes * (0.5f * off * off + XMath.Log(deviation));
                args.Dx[x + head.Levels] = args.Weight * modes * off / deviation * (1 - tanh * tanh);
            }

            args.Losses[index] = loss;
        }

        internal static void DeviationKernel(Index1D index, MeasureArgs args)
        {
            var head = args.Heads[index];
            if (head.Modes == 0)
            {
                return;
            }

            float deviation = args.Deviation[head.Number], sum = 0;
            for (int row = 0; row < args.Rows; row++)
            {
                float modes = 0;
                for (int i = head.Levels - head.Modes; i < head.Levels; i++)
                {
                    modes += args.Target[row * args.TargetWidth + head.Start + i];
                }

                float tanh = XMath.Tanh(args.X[row * args.Width + head.Number]);
                float off = (tanh - args.Target[row * args.TargetWidth + head.Number]) / deviation;
                sum += modes * (1 - off * off) / deviation;
            }

            args.DDeviation[head.Number] += args.Weight * sum;
        }

        public override void Measure(
            DeviceArray<OutputHead> heads, Tensor x, Tensor target, Tensor deviation, float weight, Tensor losses, Tensor dx,
            Tensor dDeviation)
        {
            if (x.Rows * heads.Length == 0)
            {
                return;
            }

            var args = new MeasureArgs(
                heads.View, x.View, target.View, deviation.View, losses.View, dx.View, dDeviation.View, x.Rows, x.Width,
                target.Width, weight);
            _clamp(heads.Length, args);
            _measure(x.Rows * heads.Length, args);
            _deviation(heads.Length, args);
        }
    }

    // ---- CPU: exponentials of a whole row eight at a time; blocks of rows in parallel, their shares of dσ added in order ----

    internal sealed unsafe class Cpu(CpuDevice device) : HeadLoss
    {
        const int RowsPerBlock = 32;

        float[] _partials = [];

        public override void Measure(
            DeviceArray<OutputHead> heads, Tensor x, Tensor target, Tensor deviation, float weight, Tensor losses, Tensor dx,
            Tensor dDeviation)
        {
            foreach (var head in heads.Span)
            {
                ref float kept = ref deviation.Span[head.Modes > 0 ? head.Number : head.Start];
                kept = head.Modes > 0 ? Math.Clamp(kept, LeastDeviation, MostDeviation) : kept;
            }

            int count = heads.Length, blocks = (x.Rows + RowsPerBlock - 1) / RowsPerBlock, padded = (x.Width + 7) & ~7;
            if (_partials.Length < blocks * (count + padded))
            {
                _partials = GC.AllocateUninitializedArray<float>(blocks * (count + padded), pinned: true);
            }

            fixed (float* partials = _partials)
            {
                float* start = partials;
                device.For(blocks, block =>
                {
                    float* sums = start + block * (count + padded);
                    new Span<float>(sums, count).Clear();
                    for (int row = block * RowsPerBlock; row < Math.Min(x.Rows, (block + 1) * RowsPerBlock); row++)
                    {
                        MeasureRow(
                            heads.Span, x.Start + (long)row * x.Width, target.Start + (long)row * target.Width, deviation.Start,
                            weight, losses.Start + (long)row * count, dx.Start + (long)row * x.Width, sums, sums + count, padded);
                    }
                });
            }

            for (int block = 0; block < blocks; block++)
            {
                for (int i = 0; i < count; i++)
                {
                    if (heads.Span[i].Modes > 0)
                    {
                        dDeviation.Span[heads.Span[i].Number] += weight * _partials[block * (count + padded) + i];
                    }
                }
            }
        }

        static void MeasureRow(
            ReadOnlySpan<OutputHead> heads, float* x, float* target, float* deviation, float weight, float* losses, float* dx,
            float* dDeviation, float* shares, int padded)
        {
            new Span<float>(shares, padded).Clear();
            for (int h = 0; h < heads.Length; h++)
            {
                var head = heads[h];
                float most = float.NegativeInfinity;
                for (int i = head.Start; i < head.Number; i++)
                {
                    most = MathF.Max(most, x[i]);
                }

                float logit = 0;
                for (int i = head.Start; i < head.Number; i++)
                {
                    shares[i] = x[i] - most;
                    logit += shares[i] * target[i];
                }

                losses[h] = -logit;
                if (head.Modes > 0)
                {
                    shares[head.Number] = 2 * Math.Clamp(x[head.Number], -15, 15);
                }
            }

            for (int i = 0; i < padded; i += 8)
            {
                VectorMath.Exp(Vector256.Load(shares + i)).Store(shares + i);
            }

            for (int h = 0; h < heads.Length; h++)
            {
                var head = heads[h];
                float sum = 0, modes = 0;
                for (int i = head.Start; i < head.Number; i++)
                {
                    sum += shares[i];
                }

                float scale = weight / sum;
                for (int i = head.Start; i < head.Number; i++)
                {
                    dx[i] = shares[i] * scale - weight * target[i];
                    modes += i >= head.FirstMode ? target[i] : 0;
                }

                losses[h] += MathF.Log(sum);
                if (head.Modes > 0)
                {
                    float sigma = deviation[head.Number], tanh = 1 - 2 / (shares[head.Number] + 1);
                    float off = (tanh - target[head.Number]) / sigma;
                    losses[h] += modes * (0.5f * off * off + MathF.Log(sigma));
                    dx[head.Number] = weight * modes * off / sigma * (1 - tanh * tanh);
                    dDeviation[h] += modes * (1 - off * off) / sigma;
                }
            }
        }
    }
}
