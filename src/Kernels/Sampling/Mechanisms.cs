using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU.Algorithms;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>x := predictor + noise.</summary>
public readonly struct Additive : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => predictor + noise;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) => predictor + noise;
}

/// <summary>x := tanh(predictor + noise).</summary>
public readonly struct PostTanh : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => Scalar(predictor + noise);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Wide(predictor + noise);

    // 1 − 2 / (e^2x + 1): right in both tails, where e^2x is 0 or ∞; near 0 its absolute error is one ulp of 1.
    internal static float Scalar(float x) => 1 - 2 / (XMath.Exp(2 * x) + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Wide(Vector256<float> x) =>
        Vector256<float>.One - Vector256.Create(2f) / (Vector256.Exp(x + x) + Vector256<float>.One);
}

/// <summary>x := sin(predictor + noise).</summary>
public readonly struct PostSine : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => XMath.Sin(predictor + noise);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Vector256.Sin(predictor + noise);
}

/// <summary>x := |predictor + noise|.</summary>
public readonly struct PostAbsolute : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => XMath.Abs(predictor + noise);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Vector256.Abs(predictor + noise);
}

/// <summary>x := (predictor + noise)².</summary>
public readonly struct PostSquare : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => (predictor + noise) * (predictor + noise);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        (predictor + noise) * (predictor + noise);
}

/// <summary>x := max(0, predictor + noise).</summary>
public readonly struct PostRelu : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => XMath.Max(0f, predictor + noise);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Vector256.Max(Vector256<float>.Zero, predictor + noise);
}

/// <summary>x := log(1 + e^(predictor + noise)).</summary>
public readonly struct PostSoftplus : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise)
    {
        float x = predictor + noise;

        // max(x, 0) + log(1 + e^−|x|): neither end overflows.
        return XMath.Max(0f, x) + XMath.Log(1 + XMath.Exp(-XMath.Abs(x)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise)
    {
        var x = predictor + noise;
        return Vector256.Max(Vector256<float>.Zero, x)
            + Vector256.Log(Vector256<float>.One + Vector256.Exp(-Vector256.Abs(x)));
    }
}

/// <summary>x := 1 where predictor + noise is positive, else 0.</summary>
public readonly struct PostStep : IMechanism
{
    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) => predictor + noise > 0 ? 1f : 0f;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Vector256.GreaterThan(predictor + noise, Vector256<float>.Zero) & Vector256<float>.One;
}

/// <summary>x := e^(predictor + noise), the exponent cut at ±20 so that a draw stays finite and squarable.</summary>
public readonly struct PostExponential : IMechanism
{
    const float Cut = 20;

    /// <inheritdoc/>
    public static float Evaluate(float predictor, float noise) =>
        XMath.Exp(XMath.Min(XMath.Max(predictor + noise, -Cut), Cut));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise) =>
        Vector256.Exp(Vector256.Min(Vector256.Max(predictor + noise, Vector256.Create(-Cut)), Vector256.Create(Cut)));
}
