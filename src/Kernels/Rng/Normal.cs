using ILGPU.Algorithms;

namespace CausalMixFT.Kernels.Rng;

/// <summary>The standard normal's inverse distribution function, one body for kernel and twin.</summary>
public static class Normal
{
    /// <summary>The value z with Φ(z) = <paramref name="p"/>, for p strictly between 0 and 1.</summary>
    /// <remarks>
    /// Giles (2010), "Approximating the erfinv function", single precision: z = √2 · erf⁻¹(2p − 1), relative error below
    /// 4e-6 (checked against the definition). p from 23 random bits plus a half reaches |z| ≤ 5.3.
    /// </remarks>
    public static float Quantile(float p)
    {
        float x = 2 * p - 1;

        // w = −log(1 − x²); 4p(1 − p) is the same number without the cancellation.
        float w = -XMath.Log(4 * p * (1 - p));
        float y;
        if (w < 5)
        {
            w -= 2.5f;
            y = 2.81022636e-08f;
            y = 3.43273939e-07f + y * w;
            y = -3.5233877e-06f + y * w;
            y = -4.39150654e-06f + y * w;
            y = 0.00021858087f + y * w;
            y = -0.00125372503f + y * w;
            y = -0.00417768164f + y * w;
            y = 0.246640727f + y * w;
            y = 1.50140941f + y * w;
        }
        else
        {
            w = XMath.Sqrt(w) - 3;
            y = -0.000200214257f;
            y = 0.000100950558f + y * w;
            y = 0.00134934322f + y * w;
            y = -0.00367342844f + y * w;
            y = 0.00573950773f + y * w;
            y = -0.0076224613f + y * w;
            y = 0.00943887047f + y * w;
            y = 1.00167406f + y * w;
            y = 2.83297682f + y * w;
        }

        return 1.41421356f * y * x;
    }
}
