using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>What can be chosen about <see cref="AdamW"/> and <see cref="ScheduleFreeAdamW"/>.</summary>
public sealed record AdamWOptions : OptimizerOptions
{
    /// <summary>How fast the mean gradient forgets.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>How fast the mean squared gradient forgets.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>Keeps the step finite where gradients vanish.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Share of every weight that one step at learning rate 1 takes away.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Gradients whose norm exceeds this are scaled down to it; null leaves them.</summary>
    public float? ClipNorm { get; init; } = 1;
}

/// <summary>
/// Adam with decoupled weight decay: <c>m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
/// w ← w − η (λ w + m̂ / (√v̂ + ε))</c>, with m̂ and v̂ corrected for their start at 0.
/// </summary>
/// <remarks>
/// Loshchilov and Hutter (2019). Shapes: weights, gradients, mean, square are the flat block (1, parameters); norm is
/// (1, 1), written by <see cref="GradientNorm"/>, and scales g by min(1, clip / norm).
/// </remarks>
public abstract class AdamW
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static AdamW On(ComputeDevice device) => device.Choose<AdamW>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Takes step number <paramref name="number"/>, counted from 1: updates weights, mean and square.</summary>
    public abstract void Update(
        int number, float learningRate, AdamWOptions options,
        Tensor gradients, Tensor norm, Tensor weights, Tensor mean, Tensor square);

    // Everything about a step that is not an array.
    internal readonly record struct Constants(
        float LearningRate, float Decay, float Beta1, float Beta2, float Epsilon, float Clip, float MeanStep, float SquareRoot)
    {
        internal static Constants Of(int number, float learningRate, AdamWOptions options) => new(
            learningRate,
            1 - learningRate * options.WeightDecay,
            options.Beta1,
            options.Beta2,
            options.Epsilon,
            options.ClipNorm ?? float.PositiveInfinity,
            (float)(learningRate / (1 - Math.Pow(options.Beta1, number))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, number))));

        // PyTorch's guard: norms are clipped as if 1e-6 larger.
        internal float GradientScale(float norm) => Clip < norm + 1e-6f ? Clip / (norm + 1e-6f) : 1;
    }

    // ---- GPU: one thread per parameter ----

    internal sealed class Gpu(GpuDevice device) : AdamW
    {
        readonly Action<Index1D, UpdateArgs> _update =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, UpdateArgs>(UpdateKernel);

        internal readonly record struct UpdateArgs(
            Constants Constants, ArrayView<float> Gradients, ArrayView<float> Norm,
            ArrayView<float> Weights, ArrayView<float> Mean, ArrayView<float> Square);

        internal static void UpdateKernel(Index1D i, UpdateArgs args)
        {
            var k = args.Constants;
            float gradient = args.Gradients[i] * k.GradientScale(args.Norm[0]);
            float mean = args.Mean[i] * k.Beta1 + gradient * (1 - k.Beta1);
            float square = args.Square[i] * k.Beta2 + gradient * gradient * (1 - k.Beta2);
            args.Mean[i] = mean;
            args.Square[i] = square;
            args.Weights[i] = args.Weights[i] * k.Decay - mean * k.MeanStep / (XMath.Sqrt(square) * k.SquareRoot + k.Epsilon);
        }

        public override void Update(
            int number, float learningRate, AdamWOptions options,
            Tensor gradients, Tensor norm, Tensor weights, Tensor mean, Tensor square)
        {
            var constants = Constants.Of(number, learningRate, options);
            _update(weights.Length, new(constants, gradients.View, norm.View, weights.View, mean.View, square.View));
        }
    }

    // ---- CPU: eight parameters at a time ----

    internal sealed unsafe class Cpu(CpuDevice device) : AdamW
    {
        const int Block = 16384;

        public override void Update(
            int number, float learningRate, AdamWOptions options,
            Tensor gradients, Tensor norm, Tensor weights, Tensor mean, Tensor square)
        {
            var k = Constants.Of(number, learningRate, options);
            float scale = k.GradientScale(norm.Span[0]);
            int length = weights.Length;
            device.For((length + Block - 1) / Block, block =>
            {
                float* g = gradients.Start, w = weights.Start, m = mean.Start, v = square.Start;
                int i = block * Block, end = Math.Min(length, i + Block);
                for (; i + 8 <= end; i += 8)
                {
                    var gradient = Vector256.Load(g + i) * scale;
                    var first = Vector256.Load(m + i) * k.Beta1 + gradient * (1 - k.Beta1);
                    var second = Vector256.Load(v + i) * k.Beta2 + gradient * gradient * (1 - k.Beta2);
                    var divisor = Vector256.Sqrt(second) * k.SquareRoot + Vector256.Create(k.Epsilon);
                    first.Store(m + i);
                    second.Store(v + i);
                    (Vector256.Load(w + i) * k.Decay - first * k.MeanStep / divisor).Store(w + i);
                }

                for (; i < end; i++)
                {
                    float gradient = g[i] * scale;
                    m[i] = m[i] * k.Beta1 + gradient * (1 - k.Beta1);
                    v[i] = v[i] * k.Beta2 + gradient * gradient * (1 - k.Beta2);
                    w[i] = w[i] * k.Decay - m[i] * k.MeanStep / (MathF.Sqrt(v[i]) * k.SquareRoot + k.Epsilon);
                }
            });
        }
    }
}
