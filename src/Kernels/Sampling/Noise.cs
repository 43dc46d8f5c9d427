using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using ILGPU;
using ILGPU.Algorithms;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>Where a mechanism's noise comes from.</summary>
public enum NoiseKind
{
    /// <summary>Always zero.</summary>
    None,

    /// <summary>Normal with mean zero.</summary>
    Gaussian,

    /// <summary>Uniform with mean zero.</summary>
    Uniform,

    /// <summary>Laplace with mean zero: heavier tails than the normal.</summary>
    Laplace,

    /// <summary>A residual, drawn from a table.</summary>
    Empirical,
}

/// <summary>The noise of one mechanism.</summary>
/// <param name="Kind">Its shape.</param>
/// <param name="Scale">Its standard deviation; for <see cref="NoiseKind.Empirical"/> a factor on the table.</param>
/// <param name="Table">The residuals of <see cref="NoiseKind.Empirical"/>, borrowed.</param>
public readonly record struct Noise(NoiseKind Kind, float Scale = 1, DeviceArray<float>? Table = null)
{
    const float RootThree = 1.7320508f;
    const float RootHalf = 0.70710678f;

    /// <summary>Residuals from <paramref name="table"/>, each as likely as any other.</summary>
    public static Noise FromResiduals(DeviceArray<float> table) => new(NoiseKind.Empirical, 1, table);

    // The equation, for the kernel: one thread, one row.
    internal static float Draw(
        in RowDraws draws, int row, NoiseKind kind, float scale, ArrayView<float> table) => kind switch
        {
            NoiseKind.Gaussian => scale * Normal.Quantile(draws.OpenUniform(row)),
            NoiseKind.Uniform => scale * (2 * RootThree) * (draws.OpenUniform(row) - 0.5f),
            NoiseKind.Laplace => Laplace(draws.OpenUniform(row), scale),
            NoiseKind.Empirical => scale * table[draws.Below(table.IntLength, row)],
            _ => 0f,
        };

    // The same equation, for the twin: count rows, from words to noise, in the words' place.
    internal unsafe void Transform(uint* words, float* noise, int count)
    {
        var scale = Vector256.Create(Scale);
        for (int row = 0; row < count; row += SimdColumns.Lanes)
        {
            var word = Vector256.Load(words + row);
            var value = Kind switch
            {
                NoiseKind.Gaussian => scale * Quantile(RowDraws.OpenUniform(word)),
                NoiseKind.Uniform => scale * (2 * RootThree) * (RowDraws.OpenUniform(word) - Vector256.Create(0.5f)),
                NoiseKind.Laplace => Laplace(RowDraws.OpenUniform(word), scale),
                NoiseKind.Empirical =>
                    scale * SimdColumns.Gather(Table!.Start, SimdColumns.Below((uint)Table.Length, word)),
                _ => Vector256<float>.Zero,
            };
            value.Store(noise + row);
        }
    }

    // Inverse distribution function: −sign(t) · log(1 − 2|t|) · σ / √2 at t = p − ½.
    static float Laplace(float p, float scale)
    {
        float t = p - 0.5f;
        float size = -RootHalf * scale * XMath.Log(1 - 2 * XMath.Abs(t));
        return t < 0 ? -size : size;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Laplace(Vector256<float> p, Vector256<float> scale)
    {
        var t = p - Vector256.Create(0.5f);
        var size = -RootHalf * scale * Vector256.Log(Vector256<float>.One - 2 * Vector256.Abs(t));
        return Vector256.CopySign(size, t);
    }

    // Normal.Quantile on eight rows: the same two polynomials, both evaluated, one selected.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Quantile(Vector256<float> p)
    {
        var x = 2 * p - Vector256<float>.One;
        var w = -Vector256.Log(4 * p * (Vector256<float>.One - p));
        var a = w - Vector256.Create(2.5f);
        var centre = Horner(a, [
            2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f, -0.00125372503f,
            -0.00417768164f, 0.246640727f, 1.50140941f,
        ]);
        var b = Vector256.Sqrt(Vector256.Max(w, Vector256<float>.Zero)) - Vector256.Create(3f);
        var tail = Horner(b, [
            -0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f, -0.0076224613f,
            0.00943887047f, 1.00167406f, 2.83297682f,
        ]);
        var y = Vector256.ConditionalSelect(Vector256.LessThan(w, Vector256.Create(5f)), centre, tail);
        return 1.41421356f * y * x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Horner(Vector256<float> w, ReadOnlySpan<float> coefficients)
    {
        var y = Vector256.Create(coefficients[0]);
        for (int i = 1; i < coefficients.Length; i++)
        {
            y = y * w + Vector256.Create(coefficients[i]);
        }

        return y;
    }
}
