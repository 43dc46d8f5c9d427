using System.Runtime.CompilerServices;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>
/// The distribution of one categorical column's level one step earlier, given its level now and a distribution x̂₀ of the
/// level it began with; one body for kernels and twins.
/// </summary>
/// <remarks>
/// Hoogeboom et al. (2021), eqs. 11–13, of K levels. A step keeps a level with probability α and draws all K anew otherwise, so
/// <c>p(k) = A(k) B(k) / Z</c> with <c>A(k) = ᾱ_{t−1} x̂₀(k) + (1 − ᾱ_{t−1}) / K</c> and <c>B(k) = α [k = x_t] + (1 − α) / K</c>.
/// B has two values and ΣA = 1, so that <c>Z = (1 − α) / K + α A(x_t)</c>: no sum over levels is left to cancel.
/// </remarks>
readonly record struct LevelPosterior(float Previous, float Spread, float Alpha, float Other)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static LevelPosterior Of(DiffusionStep step, int levels) =>
        new(step.Previous, step.PreviousChange / levels, step.Alpha, step.Change / levels);

    /// <summary>A of a level that x̂₀ gives this probability.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float Before(float start) => Previous * start + Spread;

    /// <summary>B of the level that is x_t, or of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float Now(bool same) => same ? Alpha + Other : Other;

    /// <summary>Z, given x̂₀'s probability of x_t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float Sum(float startOfNow) => Other + Alpha * Before(startOfNow);

    /// <summary>The probability of a level.</summary>
    /// <param name="start">x̂₀'s probability of it.</param>
    /// <param name="same">Whether it is x_t.</param>
    /// <param name="sum">Z.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float Probability(float start, bool same, float sum) => Before(start) * Now(same) / sum;
}
