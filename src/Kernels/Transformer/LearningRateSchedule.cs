namespace CausalMixFT.Kernels.Transformer;

/// <summary>How the learning rate falls after its warm-up.</summary>
public enum LearningRateShape
{
    /// <summary>By the first half of a cosine over all steps: <c>(1 + cos(π s / S)) / 2</c>.</summary>
    Cosine,

    /// <summary>In a straight line from the end of the warm-up to 0.</summary>
    Linear,

    /// <summary>Not at all, and then in a straight line to 0 over the last steps.</summary>
    Trapezoid,

    /// <summary>Not at all, as optimisers without a schedule need it.</summary>
    Constant,
}

/// <summary>The learning rate of every step of a run: it rises in a straight line, and then falls.</summary>
/// <remarks>
/// Step s of S, counted from 0, has <c>peak · min(1, (s + 1) / W)</c> times the cosine, or <c>peak · min(1, (s + 1) / W,
/// (S − s) / D)</c>, with W and D the steps of warm-up and decay: the last step still moves. A pure function, so that a run
/// that was stopped goes on as it would have.
/// </remarks>
/// <param name="Peak">The largest learning rate.</param>
/// <param name="Steps">S, all steps of the run.</param>
public sealed record LearningRateSchedule(double Peak, int Steps)
{
    /// <summary>How it falls.</summary>
    public LearningRateShape Shape { get; init; } = LearningRateShape.Cosine;

    /// <summary>W, the steps over which it rises; 0 is as 1. A count and not a share, so that a longer run begins as a shorter one does.</summary>
    public int WarmUp { get; init; }

    /// <summary>Share of the steps over which <see cref="LearningRateShape.Trapezoid"/> falls.</summary>
    public double Decay { get; init; } = 0.2;

    /// <summary>The learning rate of step <paramref name="step"/>, counted from 0.</summary>
    public float At(int step)
    {
        double warmUp = Math.Max(1, WarmUp), rise = Math.Min(1, (step + 1) / warmUp);
        return (float)(Shape switch
        {
            LearningRateShape.Cosine => Peak * rise * (0.5 * (1 + Math.Cos(Math.PI * step / Steps))),
            LearningRateShape.Linear => Peak * Math.Min(rise, Fall(step, Steps - warmUp)),
            LearningRateShape.Trapezoid => Peak * Math.Min(rise, Fall(step, Decay * Steps)),
            LearningRateShape.Constant => Peak * rise,
            _ => throw new InvalidOperationException($"{Shape} is no shape of a schedule."),
        });
    }

    double Fall(int step, double over) => Math.Max(0, (Steps - step) / Math.Max(1, over));
}
