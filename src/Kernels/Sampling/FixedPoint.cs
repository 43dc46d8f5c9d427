namespace CausalMixFT.Kernels.Sampling;

/// <summary>Numbers as whole multiples of a power of two: their sums are exact in any order, on any device.</summary>
static class FixedPoint
{
    /// <summary>The least b with size &lt; 2ᵇ, held to the exponents of normal floats; 0 for a size of 0.</summary>
    public static int BitsOf(double size) => size > 0 ? Math.Clamp(Math.ILogB(size) + 1, -64, 128) : 0;
}
