namespace CausalMixFT.Kernels.Diffusion;

/// <summary>How much noise each of the T steps adds: ᾱ of step t is the share of a row's signal that is left after it.</summary>
/// <remarks>
/// The cosine schedule of Nichol and Dhariwal (2021): <c>ᾱ(τ) = cos²((τ + 0.008) / 1.008 · π / 2)</c> at τ = (t + 1) / T, with
/// no step taking more than 0.999 of what is left. Step 0 is the first, the one that adds least.
/// </remarks>
public sealed class DiffusionSchedule
{
    const double MostNoise = 0.999;

    readonly double[] _alphaBar;

    DiffusionSchedule(int[] times, double[] alphaBar) => (Times, _alphaBar) = (times, alphaBar);

    /// <summary>For each step, the time that the denoiser is told: the step itself, unless steps were left out.</summary>
    public IReadOnlyList<int> Times { get; }

    /// <summary>T, the number of steps.</summary>
    public int Steps => _alphaBar.Length;

    /// <summary>The cosine schedule of <paramref name="steps"/> steps.</summary>
    public static DiffusionSchedule Cosine(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var alphaBar = new double[steps];
        for (int t = 0; t < steps; t++)
        {
            double beta = Math.Min(1 - Curve((t + 1.0) / steps) / Curve((double)t / steps), MostNoise);
            alphaBar[t] = (t == 0 ? 1 : alphaBar[t - 1]) * (1 - beta);
        }

        return new([.. Enumerable.Range(0, steps)], alphaBar);
    }

    /// <summary>The schedule with <paramref name="count"/> of these steps, evenly spaced, the first and the last among them.</summary>
    /// <remarks>A denoiser that was trained on all steps serves it: ᾱ at the steps that are left is as it was.</remarks>
    public DiffusionSchedule Respaced(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count >= Steps)
        {
            return this;
        }

        int[] kept = count == 1
            ? [Steps - 1]
            : [.. Enumerable.Range(0, count).Select(i => (int)Math.Round(i * (Steps - 1.0) / (count - 1)))];
        return new([.. kept.Select(t => Times[t])], [.. kept.Select(t => _alphaBar[t])]);
    }

    /// <summary>ᾱ of step <paramref name="t"/>; 1 before the first.</summary>
    public double AlphaBar(int t) => t < 0 ? 1 : _alphaBar[t];

    /// <summary>α of step <paramref name="t"/>: the share of the signal that this step leaves.</summary>
    public double Alpha(int t) => AlphaBar(t) / AlphaBar(t - 1);

    /// <summary>All that kernels need of step <paramref name="t"/>, rounded to floats once.</summary>
    public DiffusionStep Step(int t)
    {
        double alphaBar = AlphaBar(t), previous = AlphaBar(t - 1), alpha = Alpha(t);
        return new()
        {
            Signal = (float)Math.Sqrt(alphaBar),
            Noise = (float)Math.Sqrt(1 - alphaBar),
            StartOfRow = (float)Math.Sqrt(1 / alphaBar),
            StartOfNoise = (float)Math.Sqrt(1 / alphaBar - 1),
            MeanOfStart = (float)((1 - alpha) * Math.Sqrt(previous) / (1 - alphaBar)),
            MeanOfRow = (float)((1 - previous) * Math.Sqrt(alpha) / (1 - alphaBar)),
            Deviation = t == 0 ? 0 : (float)Math.Sqrt(1 - alpha),
            AlphaBar = (float)alphaBar,
            Alpha = (float)alpha,
            Change = (float)(1 - alpha),
            Previous = (float)previous,
            PreviousChange = (float)(1 - previous),
        };
    }

    static double Curve(double time)
    {
        double cosine = Math.Cos((time + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }
}

/// <summary>The numbers of one step t of a <see cref="DiffusionSchedule"/>, as kernels read them.</summary>
public readonly record struct DiffusionStep
{
    /// <summary>√ᾱ: x_t = √ᾱ x₀ + √(1 − ᾱ) ε.</summary>
    public float Signal { get; init; }

    /// <summary>√(1 − ᾱ).</summary>
    public float Noise { get; init; }

    /// <summary>√(1 / ᾱ): x̂₀ = √(1 / ᾱ) x_t − √(1 / ᾱ − 1) ε̂.</summary>
    public float StartOfRow { get; init; }

    /// <summary>√(1 / ᾱ − 1).</summary>
    public float StartOfNoise { get; init; }

    /// <summary>Weight of x₀ in the mean of x_{t−1} given x_t and x₀: (1 − α) √ᾱ_{t−1} / (1 − ᾱ).</summary>
    public float MeanOfStart { get; init; }

    /// <summary>Weight of x_t in that mean: (1 − ᾱ_{t−1}) √α / (1 − ᾱ).</summary>
    public float MeanOfRow { get; init; }

    /// <summary>Standard deviation of the noise of a reverse step, √(1 − α); 0 at the last, t = 0.</summary>
    public float Deviation { get; init; }

    /// <summary>ᾱ of this step.</summary>
    public float AlphaBar { get; init; }

    /// <summary>α of this step.</summary>
    public float Alpha { get; init; }

    /// <summary>1 − α.</summary>
    public float Change { get; init; }

    /// <summary>ᾱ of the step before; 1 at t = 0.</summary>
    public float Previous { get; init; }

    /// <summary>1 − ᾱ of the step before; 0 at t = 0.</summary>
    public float PreviousChange { get; init; }
}
