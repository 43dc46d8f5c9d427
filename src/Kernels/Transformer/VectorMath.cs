using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU.Algorithms;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Exponential and error function, eight floats at a time for the CPU twins and one at a time for kernels.</summary>
static partial class VectorMath
{
    const float InverseSqrt2 = 0.70710678f, InverseSqrt2Pi = 0.39894228f;

    /// <summary>eˣ to 1e-7 of its value; x is clamped to where the result is a normal float.</summary>
    /// <remarks>Cephes expf: x = n ln 2 + r, a polynomial on |r| ≤ ½ ln 2, and 2ⁿ put straight into the exponent.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Exp(Vector256<float> x)
    {
        x = Vector256.MinNative(Vector256.MaxNative(x, Vector256.Create(-87.3f)), Vector256.Create(88.3f));
        var n = Vector256.Round(x * 1.44269504f);
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.693359375f), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(2.12194440e-4f), r);
        var p = Vector256.FusedMultiplyAdd(Vector256.Create(1.9875691500e-4f), r, Vector256.Create(1.3981999507e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(8.3334519073e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(4.1665795894e-2f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.6666665459e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(5.0000001201e-1f));
        p = Vector256.FusedMultiplyAdd(p, r * r, r) + Vector256<float>.One;
        var scale = (Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23;
        return p * scale.AsSingle();
    }

    /// <summary>2ˣ for x below 127, to 1e-7 of its value; below −126 it is 2⁻¹²⁶.</summary>
    /// <remarks>
    /// Softmax's exponential, a quarter cheaper than <see cref="Exp(Vector256{float})"/>: base 2 needs no reduction constants and x no upper
    /// bound. The polynomial is the minimax one of 2ʳ on |r| ≤ ½; 2ⁿ is added to the exponent bits.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Exp2(Vector256<float> x)
    {
        x = Vector256.MaxNative(x, Vector256.Create(-126f));
        var n = Vector256.Round(x);
        var r = x - n;
        var p = Vector256.FusedMultiplyAdd(Vector256.Create(1.535336188319500e-4f), r, Vector256.Create(1.339887440266574e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(9.618437357674640e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(5.550332471162809e-2f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(2.402264791363012e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(6.931472028550421e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        return (p.AsInt32() + (Vector256.ConvertToInt32Native(n) << 23)).AsSingle();
    }

    /// <summary>erf(x), to one unit in the last place.</summary>
    /// <remarks>Juffa's two ranges: an odd polynomial near 0; beyond it 1 − exp(polynomial), which keeps relative accuracy.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Erf(Vector256<float> x)
    {
        var t = Vector256.Abs(x);
        var s = x * x;
        var far = Vector256.FusedMultiplyAdd(Vector256.Create(-1.72853470e-5f), t, Vector256.Create(3.83197126e-4f));
        var u = Vector256.FusedMultiplyAdd(Vector256.Create(-3.88396438e-3f), t, Vector256.Create(2.42546219e-2f));
        far = Vector256.FusedMultiplyAdd(far, s, u);
        far = Vector256.FusedMultiplyAdd(far, t, Vector256.Create(-1.06777877e-1f));
        far = Vector256.FusedMultiplyAdd(far, t, Vector256.Create(-6.34846687e-1f));
        far = Vector256.FusedMultiplyAdd(far, t, Vector256.Create(-1.28717512e-1f));
        far = Vector256.FusedMultiplyAdd(far, t, -t);
        far = Vector256<float>.One - Exp(far);
        far = Vector256.CopySign(far, x);
        var near = Vector256.FusedMultiplyAdd(Vector256.Create(-5.96761703e-4f), s, Vector256.Create(4.99119423e-3f));
        near = Vector256.FusedMultiplyAdd(near, s, Vector256.Create(-2.67681349e-2f));
        near = Vector256.FusedMultiplyAdd(near, s, Vector256.Create(1.12819925e-1f));
        near = Vector256.FusedMultiplyAdd(near, s, Vector256.Create(-3.76125336e-1f));
        near = Vector256.FusedMultiplyAdd(near, s, Vector256.Create(1.28379166e-1f));
        near = Vector256.FusedMultiplyAdd(near, x, x);
        return Vector256.ConditionalSelect(Vector256.GreaterThan(t, Vector256.Create(0.927734375f)), far, near);
    }

    /// <summary>erf(x) of one number; the same polynomials, for kernels.</summary>
    internal static float Erf(float x)
    {
        float t = XMath.Abs(x), s = x * x;
        if (t > 0.927734375f)
        {
            t = XMath.Min(t, 4f); // erf(4) is 1 to the last bit, and eᵖ stays in range
            s = t * t;
            float r = (-1.72853470e-5f * t + 3.83197126e-4f) * s + (-3.88396438e-3f * t + 2.42546219e-2f);
            r = ((r * t - 1.06777877e-1f) * t - 6.34846687e-1f) * t - 1.28717512e-1f;
            r = 1 - XMath.Exp(r * t - t);
            return x < 0 ? -r : r;
        }

        float p = ((-5.96761703e-4f * s + 4.99119423e-3f) * s - 2.67681349e-2f) * s + 1.12819925e-1f;
        p = (p * s - 3.76125336e-1f) * s + 1.28379166e-1f;
        return p * x + x;
    }

    /// <summary>Φ(x), the standard normal's distribution function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> NormalCdf(Vector256<float> x) =>
        Vector256.FusedMultiplyAdd(Erf(x * InverseSqrt2), Vector256.Create(0.5f), Vector256.Create(0.5f));

    /// <summary>φ(x), the standard normal's density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> NormalDensity(Vector256<float> x) => Exp(x * x * -0.5f) * InverseSqrt2Pi;

    /// <summary>Φ(x) of one number.</summary>
    internal static float NormalCdf(float x) => 0.5f + 0.5f * Erf(x * InverseSqrt2);

    /// <summary>φ(x) of one number.</summary>
    internal static float NormalDensity(float x) => XMath.Exp(-0.5f * x * x) * InverseSqrt2Pi;
}
