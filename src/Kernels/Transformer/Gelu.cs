using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The Gaussian error linear unit, exact: <c>y = x Φ(x)</c>, so <c>dx = dy (Φ(x) + x φ(x))</c>.</summary>
/// <remarks>Shapes: all alike. Every element apart, so dx may be dy. The bias before it is <see cref="Linear"/>'s.</remarks>
public abstract class Gelu
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Gelu On(ComputeDevice device) => device.Choose<Gelu>(_ => throw new NotSupportedException(), cpu => new Cpu(cpu));

    /// <summary>Writes y.</summary>
    public abstract void Forward(Tensor x, Tensor y);

    /// <summary>Writes dx.</summary>
    public abstract void Backward(Tensor dy, Tensor x, Tensor dx);

    // ---- CPU: eight elements at a time; the tail goes through a padded vector, so that it is the same arithmetic ----

    internal sealed unsafe class Cpu(CpuDevice device) : Gelu
    {
        const int Block = 8192; // 32 KiB: about 10 µs of error functions

        public override void Forward(Tensor x, Tensor y) => device.For((x.Length + Block - 1) / Block, block =>
        {
            float* source = x.Start, target = y.Start;
            int i = block * Block, end = Math.Min(x.Length, i + Block);
            for (; i + 8 <= end; i += 8)
            {
                var value = Vector256.Load(source + i);
                (value * VectorMath.NormalCdf(value)).Store(target + i);
            }

            if (i < end)
            {
                float* tail = stackalloc float[8];
                Copy(source + i, tail, end - i);
                var value = Vector256.Load(tail);
                (value * VectorMath.NormalCdf(value)).Store(tail);
                Copy(tail, target + i, end - i);
            }
        });

        public override void Backward(Tensor dy, Tensor x, Tensor dx) => device.For((x.Length + Block - 1) / Block, block =>
        {
            float* source = x.Start, gradient = dy.Start, target = dx.Start;
            int i = block * Block, end = Math.Min(x.Length, i + Block);
            for (; i + 8 <= end; i += 8)
            {
                (Vector256.Load(gradient + i) * Slope(Vector256.Load(source + i))).Store(target + i);
            }

            if (i < end)
            {
                float* tail = stackalloc float[16];
                Copy(source + i, tail, end - i);
                Copy(gradient + i, tail + 8, end - i);
                (Vector256.Load(tail + 8) * Slope(Vector256.Load(tail))).Store(tail);
                Copy(tail, target + i, end - i);
            }
        });

        static Vector256<float> Slope(Vector256<float> x) =>
            Vector256.FusedMultiplyAdd(x, VectorMath.NormalDensity(x), VectorMath.NormalCdf(x));

        static void Copy(float* source, float* target, int count) =>
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
