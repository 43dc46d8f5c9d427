using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>How long <see cref="Muon"/>'s step is, whose direction has singular values near 1.</summary>
public enum MuonScale
{
    /// <summary>√max(1, rows / columns): the size of what a matrix adds to its output is alike for all (Jordan et al. 2024).</summary>
    Original,

    /// <summary>
    /// 0.2 √max(rows, columns): the mean square of a step's elements is that of AdamW's, so that its learning rates carry
    /// over (Liu et al. 2025, "Muon is scalable for LLM training", Moonlight).
    /// </summary>
    Moonlight,
}

/// <summary>What can be chosen about <see cref="MuonOptimizer"/>.</summary>
public sealed record MuonOptions : OptimizerOptions
{
    /// <summary>How fast the mean gradient of a matrix forgets.</summary>
    public float Momentum { get; init; } = 0.95f;

    /// <summary>Whether the step looks ahead: the mean gradient as it would be had this gradient come once more.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>Iterations of <see cref="NewtonSchulz"/>.</summary>
    public int Iterations { get; init; } = 5;

    /// <summary>How long a step is.</summary>
    public MuonScale Scale { get; init; } = MuonScale.Moonlight;

    /// <summary>Share of every matrix that one step at learning rate 1 takes away.</summary>
    public float WeightDecay { get; init; }

    /// <summary>How all that is no matrix of a layer is trained, and at which norm all gradients together are clipped.</summary>
    public AdamWOptions AdamW { get; init; } = new();

    /// <summary>AdamW's learning rate in those of the matrices.</summary>
    public float AdamWRate { get; init; } = 1;

    /// <summary>The factor on a step of a matrix of that shape, before the learning rate.</summary>
    public float ScaleOf(int rows, int columns) => Scale == MuonScale.Original
        ? MathF.Sqrt(Math.Max(1, (float)rows / columns))
        : 0.2f * MathF.Sqrt(Math.Max(rows, columns));
}

/// <summary>A matrix that <see cref="Muon"/> trains.</summary>
/// <param name="Weight">The matrix.</param>
/// <param name="Gradient">Its gradient.</param>
/// <param name="Momentum">The running mean of its gradients.</param>
public readonly record struct MuonMatrix(Tensor Weight, Tensor Gradient, Tensor Momentum);

/// <summary>
/// Momentum with orthogonal steps: <c>m ← μ m + (1 − μ) g; u = (1 − μ) g + μ m; W ← W − η (λ W + s · ortho(u))</c>, where
/// ortho is <see cref="NewtonSchulz"/> and s is <see cref="MuonOptions.ScaleOf"/>.
/// </summary>
/// <remarks>
/// Jordan et al. (2024). Shapes: every matrix apart, of any shape; norm is (1, 1), of all gradients of the model, written by
/// <see cref="GradientNorm"/>, and scales g by min(1, clip / norm).
/// </remarks>
public abstract class Muon
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Muon On(ComputeDevice device) => device.Choose<Muon>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Updates weights and momenta; <paramref name="workspace"/> is a GPU's scratch and is reset.</summary>
    public abstract void Update(
        float learningRate, MuonOptions options, Tensor norm, IReadOnlyList<MuonMatrix> matrices, Workspace workspace);

    // Everything about a step that is not an array. The direction is Own · g + Mean · m.
    internal readonly record struct Constants(float Momentum, float Own, float Mean, float Decay, AdamW.Constants Clipping)
    {
        internal static Constants Of(float learningRate, MuonOptions options) => new(
            options.Momentum,
            options.Nesterov ? 1 - options.Momentum : 0,
            options.Nesterov ? options.Momentum : 1,
            1 - learningRate * options.WeightDecay,
            AdamW.Constants.Of(1, learningRate, options.AdamW));
    }

    // ---- GPU: matrix after matrix, one thread per element ----

    internal sealed class Gpu(GpuDevice device) : Muon
    {
        readonly NewtonSchulz _newtonSchulz = NewtonSchulz.On(device);

        readonly Action<Index1D, DirectionArgs> _direction =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, DirectionArgs>(DirectionKernel);

        readonly Action<Index1D, StepArgs> _step =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, StepArgs>(StepKernel);

        internal readonly record struct DirectionArgs(
            Constants Constants, ArrayView<float> Gradient, ArrayView<float> Norm, ArrayView<float> Momentum,
            ArrayView<float> Direction);

        internal static void DirectionKernel(Index1D i, DirectionArgs args)
        {
            var k = args.Constants;
            float gradient = args.Gradient[i] * k.Clipping.GradientScale(args.Norm[0]);
            float momentum = args.Momentum[i] * k.Momentum + gradient * (1 - k.Momentum);
            args.Momentum[i] = momentum;
            args.Direction[i] = gradient * k.Own + momentum * k.Mean;
        }

        internal readonly record struct StepArgs(float Decay, float Step, ArrayView<float> Weight, ArrayView<float> Direction);

        internal static void StepKernel(Index1D i, StepArgs args) =>
            args.Weight[i] = args.Weight[i] * args.Decay - args.Direction[i] * args.Step;

        public override void Update(
            float learningRate, MuonOptions options, Tensor norm, IReadOnlyList<MuonMatrix> matrices, Workspace workspace)
        {
            var constants = Constants.Of(learningRate, options);
            foreach (var (weight, gradient, momentum) in matrices)
            {
                // The stream runs in order, so the scratch of one matrix is free for the next.
                workspace.Reset();
                var direction = workspace.Take(weight.Rows, weight.Width);
                _direction(weight.Length, new(constants, gradient.View, norm.View, momentum.View, direction.View));
                _newtonSchulz.Orthogonalize(direction, options.Iterations, workspace);
                float step = learningRate * options.ScaleOf(weight.Rows, weight.Width);
                _step(weight.Length, new(constants.Decay, step, weight.View, direction.View));
            }
        }
    }

    // ---- CPU: one matrix a thread, from its gradient to its weights while it lies in the cache ----

    internal sealed unsafe class Cpu(CpuDevice device) : Muon
    {
        readonly NewtonSchulz.Cpu _newtonSchulz = new(device);

        [ThreadStatic]
        static float[]? _scratch;

        public override void Update(
            float learningRate, MuonOptions options, Tensor norm, IReadOnlyList<MuonMatrix> matrices, Workspace workspace)
        {
            var constants = Constants.Of(learningRate, options);
            float scale = constants.Clipping.GradientScale(norm.Span[0]);
            device.For(matrices.Count, index =>
            {
                var (weight, gradient, momentum) = matrices[index];
                if (_scratch is null || _scratch.Length < weight.Length)
                {
                    _scratch = GC.AllocateUninitializedArray<float>(weight.Length, pinned: true);
                }

                fixed (float* direction = _scratch)
                {
                    Direct(constants, scale, gradient.Start, momentum.Start, direction, weight.Length);
                    _newtonSchulz.Orthogonalize(direction, weight.Rows, weight.Width, options.Iterations);
                    float step = learningRate * options.ScaleOf(weight.Rows, weight.Width);
                    Step(constants.Decay, step, weight.Start, direction, weight.Length);
                }
            });
        }

        static void Direct(Constants k, float scale, float* gradient, float* momentum, float* direction, int length)
        {
            int i = 0;
            for (; i + 8 <= length; i += 8)
            {
                var g = Vector256.Load(gradient + i) * scale;
                var m = Vector256.Load(momentum + i) * k.Momentum + g * (1 - k.Momentum);
                m.Store(momentum + i);
                (g * k.Own + m * k.Mean).Store(direction + i);
            }

            for (; i < length; i++)
            {
                float g = gradient[i] * scale, m = momentum[i] * k.Momentum + g * (1 - k.Momentum);
                momentum[i] = m;
                direction[i] = g * k.Own + m * k.Mean;
            }
        }

        static void Step(float decay, float step, float* weight, float* direction, int length)
        {
            int i = 0;
            for (; i + 8 <= length; i += 8)
            {
                (Vector256.Load(weight + i) * decay - Vector256.Load(direction + i) * step).Store(weight + i);
            }

            for (; i < length; i++)
            {
                weight[i] = weight[i] * decay - direction[i] * step;
            }
        }
    }
}
