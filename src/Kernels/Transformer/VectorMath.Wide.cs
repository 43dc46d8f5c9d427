using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Transformer;

// Sixteen floats at a time: the same operations on each, so the same bits.
static partial class VectorMath
{
    /// <inheritdoc cref="Exp(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-87.3f)), Vector512.Create(88.3f));
        var n = Vector512.Round(x * 1.44269504f);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        var scale = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23;
        return p * scale.AsSingle();
    }

    /// <inheritdoc cref="Exp2(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp2(Vector512<float> x)
    {
        x = Vector512.MaxNative(x, Vector512.Create(-126f));
        var n = Vector512.Round(x);
        var r = x - n;
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.535336188319500e-4f), r, Vector512.Create(1.339887440266574e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(9.618437357674640e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.550332471162809e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(2.402264791363012e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(6.931472028550421e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        return (p.AsInt32() + (Vector512.ConvertToInt32Native(n) << 23)).AsSingle();
    }

    /// <inheritdoc cref="Erf(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Erf(Vector512<float> x)
    {
        var t = Vector512.Abs(x);
        var s = x * x;
        var far = Vector512.FusedMultiplyAdd(Vector512.Create(-1.72853470e-5f), t, Vector512.Create(3.83197126e-4f));
        var u = Vector512.FusedMultiplyAdd(Vector512.Create(-3.88396438e-3f), t, Vector512.Create(2.42546219e-2f));
        far = Vector512.FusedMultiplyAdd(far, s, u);
        far = Vector512.FusedMultiplyAdd(far, t, Vector512.Create(-1.06777877e-1f));
        far = Vector512.FusedMultiplyAdd(far, t, Vector512.Create(-6.34846687e-1f));
        far = Vector512.FusedMultiplyAdd(far, t, Vector512.Create(-1.28717512e-1f));
        far = Vector512.FusedMultiplyAdd(far, t, -t);
        far = Vector512<float>.One - Exp(far);
        far = Vector512.CopySign(far, x);
        var near = Vector512.FusedMultiplyAdd(Vector512.Create(-5.96761703e-4f), s, Vector512.Create(4.99119423e-3f));
        near = Vector512.FusedMultiplyAdd(near, s, Vector512.Create(-2.67681349e-2f));
        near = Vector512.FusedMultiplyAdd(near, s, Vector512.Create(1.12819925e-1f));
        near = Vector512.FusedMultiplyAdd(near, s, Vector512.Create(-3.76125336e-1f));
        near = Vector512.FusedMultiplyAdd(near, s, Vector512.Create(1.28379166e-1f));
        near = Vector512.FusedMultiplyAdd(near, x, x);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(t, Vector512.Create(0.927734375f)), far, near);
    }

    /// <inheritdoc cref="NormalCdf(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> NormalCdf(Vector512<float> x) =>
        Vector512.FusedMultiplyAdd(Erf(x * InverseSqrt2), Vector512.Create(0.5f), Vector512.Create(0.5f));

    /// <inheritdoc cref="NormalDensity(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> NormalDensity(Vector512<float> x) => Exp(x * x * -0.5f) * InverseSqrt2Pi;
}
