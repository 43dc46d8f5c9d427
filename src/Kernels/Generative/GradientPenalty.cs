using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// The penalty on a critic's slope, <c>P = λ · mean over rows of (‖g‖ − 1)²</c>, and what it asks of the slope, <c>v = dP / dg</c>.
/// </summary>
/// <remarks>
/// Gulrajani et al. (2017). Shapes: g, v are (rows, inputs); penalties is (rows, 1), each λ (‖g‖ − 1)² / rows.
/// <c>v = 2 λ (‖g‖ − 1) / ‖g‖ · g / rows</c>; where g is 0 the norm has no slope and v is 0.
/// </remarks>
public abstract class GradientPenalty
{
    /// <summary>The operation on <paramref name="device"/>, with its kernel compiled.</summary>
    public static GradientPenalty On(ComputeDevice device) =>
        device.Choose<GradientPenalty>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes v, which may be g, and the penalties.</summary>
    public abstract void Measure(Tensor g, float weight, Tensor v, Tensor penalties);

    // The factor of g in v, and the penalty, of a row of this squared norm.
    static (float Factor, float Penalty) Of(float squares, float weight, int rows)
    {
        float norm = XMath.Sqrt(squares), off = norm - 1;
        return (norm > 0 ? 2 * weight * off / norm / rows : 0, weight * off * off / rows);
    }

    // ---- GPU: one thread per row; there are as many as there are packs in a batch ----

    internal sealed class Gpu(GpuDevice device) : GradientPenalty
    {
        readonly Action<Index1D, MeasureArgs> _measure =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(MeasureKernel);

        internal readonly record struct MeasureArgs(
            ArrayView<float> G, ArrayView<float> V, ArrayView<float> Penalties, int Rows, int Width, float Weight);

        internal static void MeasureKernel(Index1D row, MeasureArgs args)
        {
            int at = row * args.Width;
            float squares = 0;
            for (int i = 0; i < args.Width; i++)
            {
                squares += args.G[at + i] * args.G[at + i];
            }

            var (factor, penalty) = Of(squares, args.Weight, args.Rows);
            args.Penalties[row] = penalty;
            for (int i = 0; i < args.Width; i++)
            {
                args.V[at + i] = args.G[at + i] * factor;
            }
        }

        public override void Measure(Tensor g, float weight, Tensor v, Tensor penalties)
        {
            if (g.Rows > 0)
            {
                _measure(g.Rows, new(g.View, v.View, penalties.View, g.Rows, g.Width, weight));
            }
        }
    }

    // ---- CPU: the library's vectors, a row at a time ----

    internal sealed class Cpu(CpuDevice device) : GradientPenalty
    {
        public override void Measure(Tensor g, float weight, Tensor v, Tensor penalties) => device.For(g.Rows, row =>
        {
            var source = g.Slice(row, 1).Span;
            var (factor, penalty) = Of(FixedOrder.SumOfSquares(source), weight, g.Rows);
            penalties.Span[row] = penalty;
            System.Numerics.Tensors.TensorPrimitives.Multiply(source, factor, v.Slice(row, 1).Span);
        });
    }
}
