using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The Euclidean norm of all gradients together: <c>norm = √Σ g²</c>.</summary>
/// <remarks>Shapes: gradients is the flat block (1, parameters); norm is (1, 1). Summed in a fixed order.</remarks>
public abstract class GradientNorm
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static GradientNorm On(ComputeDevice device) =>
        device.Choose<GradientNorm>(_ => throw new NotSupportedException(), _ => new Cpu());

    /// <summary>Writes norm.</summary>
    public abstract void Measure(Tensor gradients, Tensor norm);

    // ---- CPU: one thread; a million parameters take a tenth of a millisecond ----

    internal sealed class Cpu : GradientNorm
    {
        const int Block = 4096;

        public override void Measure(Tensor gradients, Tensor norm)
        {
            // Blocks in float, their sums in double: the norm is exact to a few units in the last place.
            double sum = 0;
            ReadOnlySpan<float> all = gradients.Span;
            for (int i = 0; i < all.Length; i += Block)
            {
                sum += System.Numerics.Tensors.TensorPrimitives.SumOfSquares(all.Slice(i, Math.Min(Block, all.Length - i)));
            }

            norm.Span[0] = (float)Math.Sqrt(sum);
        }
    }
}
