using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// AdamW without a schedule: <c>z ← z − η ĝ; x ← (1 − c) x + c z; y = (1 − β₁) z + β₁ x</c>, where gradients are taken at y
/// and x, a running average, is the result.
/// </summary>
/// <remarks>
/// Defazio et al. (2024), "The Road Less Scheduled". The weights hold y while training; only y and z are stored, for x
/// follows from them. ĝ = g / (√v̂ + ε) + λ y. c is this step's share of the sum of squared largest learning rates.
/// Shapes: weights (y), fast (z), gradients, square are the flat block (1, parameters); norm is (1, 1).
/// </remarks>
public abstract class ScheduleFreeAdamW
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static ScheduleFreeAdamW On(ComputeDevice device) =>
        device.Choose<ScheduleFreeAdamW>(_ => throw new NotSupportedException(), cpu => new Cpu(cpu));

    /// <summary>Takes step number <paramref name="number"/>, counted from 1: updates weights, fast and square.</summary>
    /// <param name="number">Number of the step.</param>
    /// <param name="learningRate">η of this step, warm-up included.</param>
    /// <param name="share">c of this step; 1 at the first.</param>
    /// <param name="options">Decay rates and clipping.</param>
    /// <param name="gradients">The gradient at the weights.</param>
    /// <param name="norm">Its norm.</param>
    /// <param name="weights">y; before the first step equal to fast.</param>
    /// <param name="fast">z.</param>
    /// <param name="square">v.</param>
    public abstract void Update(
        int number, float learningRate, float share, AdamWOptions options,
        Tensor gradients, Tensor norm, Tensor weights, Tensor fast, Tensor square);

    /// <summary>Moves the weights toward fast: <c>w ← w + share · (fast − w)</c>, which turns y into x and back.</summary>
    public abstract void Blend(float share, Tensor weights, Tensor fast);

    // ---- CPU: eight parameters at a time ----

    internal sealed unsafe class Cpu(CpuDevice device) : ScheduleFreeAdamW
    {
        const int Block = 16384;

        public override void Update(
            int number, float learningRate, float share, AdamWOptions options,
            Tensor gradients, Tensor norm, Tensor weights, Tensor fast, Tensor square)
        {
            var k = AdamW.Constants.Of(number, learningRate, options);
            float scale = k.GradientScale(norm.Span[0]), decay = options.WeightDecay;
            float back = learningRate * (k.Beta1 * (1 - share) - 1);
            int length = weights.Length;
            device.For((length + Block - 1) / Block, block =>
            {
                float* g = gradients.Start, y = weights.Start, z = fast.Start, v = square.Start;
                int i = block * Block, end = Math.Min(length, i + Block);
                for (; i + 8 <= end; i += 8)
                {
                    Vector256<float> gradient = Vector256.Load(g + i) * scale, here = Vector256.Load(y + i), there = Vector256.Load(z + i);
                    var second = Vector256.Load(v + i) * k.Beta2 + gradient * gradient * (1 - k.Beta2);
                    var direction = gradient / (Vector256.Sqrt(second) * k.SquareRoot + Vector256.Create(k.Epsilon)) + here * decay;
                    second.Store(v + i);
                    (here + (there - here) * share + direction * back).Store(y + i);
                    (there - direction * learningRate).Store(z + i);
                }

                for (; i < end; i++)
                {
                    float gradient = g[i] * scale;
                    v[i] = v[i] * k.Beta2 + gradient * gradient * (1 - k.Beta2);
                    float direction = gradient / (MathF.Sqrt(v[i]) * k.SquareRoot + k.Epsilon) + y[i] * decay;
                    y[i] = y[i] + (z[i] - y[i]) * share + direction * back;
                    z[i] -= direction * learningRate;
                }
            });
        }

        public override void Blend(float share, Tensor weights, Tensor fast)
        {
            var w = weights.Span;
            System.Numerics.Tensors.TensorPrimitives.Lerp(w, fast.Span, share, w);
        }
    }
}
