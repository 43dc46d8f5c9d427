using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// A variational autoencoder's latent draw, <c>z = μ + ε e^(λ / 2)</c>, and its divergence from the prior,
/// <c>KL = ½ Σ (μ² + e^λ − 1 − λ)</c> of each row.
/// </summary>
/// <remarks>
/// Shapes: encoded is (rows, 2 latent), μ then λ = log σ²; noise ε is (rows, latent); z, dz have latent columns or more, of which the
/// first are z; divergence is (rows, 1). λ is taken within ±20, where its exponential is a number. Backward:
/// <c>dμ = dz + w μ; dλ = ½ (dz ε e^(λ / 2) + w (e^λ − 1))</c> with w what one row's divergence weighs. Kingma and Welling (2014).
/// </remarks>
public abstract class GaussianLatent
{
    const float Most = 20;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static GaussianLatent On(ComputeDevice device) =>
        device.Choose<GaussianLatent>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes z and the divergence.</summary>
    public abstract void Forward(Tensor encoded, Tensor noise, Tensor z, Tensor divergence);

    /// <summary>Writes dEncoded.</summary>
    public abstract void Backward(Tensor dz, Tensor encoded, Tensor noise, float weight, Tensor dEncoded);

    // ---- GPU: one thread per row forward, per element backward ----

    internal sealed class Gpu(GpuDevice device) : GaussianLatent
    {
        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<Index1D, BackwardArgs> _backward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(
            ArrayView<float> Encoded, ArrayView<float> Noise, ArrayView<float> Z, ArrayView<float> Divergence, int Latent, int ZWidth);

        internal static void ForwardKernel(Index1D row, ForwardArgs args)
        {
            int latent = args.Latent, at = row * 2 * latent;
            float divergence = 0;
            for (int i = 0; i < latent; i++)
            {
                float mean = args.Encoded[at + i];
                float log = XMath.Min(XMath.Max(args.Encoded[at + latent + i], -Most), Most);
                args.Z[row * args.ZWidth + i] = mean + args.Noise[row * latent + i] * XMath.Exp(0.5f * log);
                divergence += mean * mean + XMath.Exp(log) - 1 - log;
            }

            args.Divergence[row] = 0.5f * divergence;
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> Dz, ArrayView<float> Encoded, ArrayView<float> Noise, ArrayView<float> DEncoded, int Latent, int ZWidth,
            float Weight);

        internal static void BackwardKernel(Index1D index, BackwardArgs args)
        {
            int latent = args.Latent, row = index / latent, i = index % latent, at = row * 2 * latent + i;
            float dz = args.Dz[row * args.ZWidth + i];
            float log = XMath.Min(XMath.Max(args.Encoded[at + latent], -Most), Most);
            args.DEncoded[at] = dz + args.Weight * args.Encoded[at];
            args.DEncoded[at + latent] =
                0.5f * (dz * args.Noise[index] * XMath.Exp(0.5f * log) + args.Weight * (XMath.Exp(log) - 1));
        }

        public override void Forward(Tensor encoded, Tensor noise, Tensor z, Tensor divergence)
        {
            if (encoded.Rows > 0)
            {
                _forward(encoded.Rows, new(encoded.View, noise.View, z.View, divergence.View, noise.Width, z.Width));
            }
        }

        public override void Backward(Tensor dz, Tensor encoded, Tensor noise, float weight, Tensor dEncoded)
        {
            if (noise.Length > 0)
            {
                _backward(
                    noise.Length, new(dz.View, encoded.View, noise.View, dEncoded.View, noise.Width, dz.Width, weight));
            }
        }
    }

    // ---- CPU: eight latent numbers of a row at a time, the last ones in a padded vector; blocks of rows in parallel ----

    internal sealed unsafe class Cpu(CpuDevice device) : GaussianLatent
    {
        const int RowsPerBlock = 64;

        public override void Forward(Tensor encoded, Tensor noise, Tensor z, Tensor divergence)
        {
            int latent = noise.Width;
            device.For((encoded.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                float* pad = stackalloc float[32];
                for (int row = block * RowsPerBlock; row < Math.Min(encoded.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    float* mean = encoded.Start + (long)row * 2 * latent, to = z.Start + (long)row * z.Width;
                    float* drawn = noise.Start + (long)row * latent;
                    var sum = Vector256<float>.Zero;
                    int i = 0;
                    for (; i + 8 <= latent; i += 8)
                    {
                        sum += ForwardEight(mean + i, mean + latent + i, drawn + i, to + i);
                    }

                    if (i < latent)
                    {
                        new Span<float>(pad, 32).Clear();
                        Copy(mean + i, pad, latent - i);
                        Copy(mean + latent + i, pad + 8, latent - i);
                        Copy(drawn + i, pad + 16, latent - i);

                        // A padded lane has μ = λ = 0: its divergence is 0.
                        sum += ForwardEight(pad, pad + 8, pad + 16, pad + 24);
                        Copy(pad + 24, to + i, latent - i);
                    }

                    divergence.Start[row] = 0.5f * Vector256.Sum(sum);
                }
            });
        }

        static Vector256<float> ForwardEight(float* mean, float* log, float* noise, float* z)
        {
            Vector256<float> m = Vector256.Load(mean), l = Clamp(Vector256.Load(log));
            var deviation = VectorMath.Exp(0.5f * l);
            Vector256.FusedMultiplyAdd(Vector256.Load(noise), deviation, m).Store(z);
            return m * m + deviation * deviation - Vector256<float>.One - l;
        }

        public override void Backward(Tensor dz, Tensor encoded, Tensor noise, float weight, Tensor dEncoded)
        {
            int latent = noise.Width;
            device.For((encoded.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                float* pad = stackalloc float[48];
                for (int row = block * RowsPerBlock; row < Math.Min(encoded.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    long at = (long)row * 2 * latent;
                    float* mean = encoded.Start + at, to = dEncoded.Start + at;
                    float* drawn = noise.Start + (long)row * latent, gradient = dz.Start + (long)row * dz.Width;
                    int i = 0;
                    for (; i + 8 <= latent; i += 8)
                    {
                        BackwardEight(gradient + i, mean + i, mean + latent + i, drawn + i, weight, to + i, to + latent + i);
                    }

                    if (i < latent)
                    {
                        new Span<float>(pad, 48).Clear();
                        Copy(gradient + i, pad, latent - i);
                        Copy(mean + i, pad + 8, latent - i);
                        Copy(mean + latent + i, pad + 16, latent - i);
                        Copy(drawn + i, pad + 24, latent - i);
                        BackwardEight(pad, pad + 8, pad + 16, pad + 24, weight, pad + 32, pad + 40);
                        Copy(pad + 32, to + i, latent - i);
                        Copy(pad + 40, to + latent + i, latent - i);
                    }
                }
            });
        }

        static void BackwardEight(
            float* dz, float* mean, float* log, float* noise, float weight, float* dMean, float* dLog)
        {
            var gradient = Vector256.Load(dz);
            var deviation = VectorMath.Exp(0.5f * Clamp(Vector256.Load(log)));
            (gradient + Vector256.Load(mean) * weight).Store(dMean);
            var pulled = (deviation * deviation - Vector256<float>.One) * weight;
            ((gradient * Vector256.Load(noise) * deviation + pulled) * 0.5f).Store(dLog);
        }

        static Vector256<float> Clamp(Vector256<float> log) =>
            Vector256.Min(Vector256.Max(log, Vector256.Create(-Most)), Vector256.Create(Most));

        static void Copy(float* source, float* target, int count) =>
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
