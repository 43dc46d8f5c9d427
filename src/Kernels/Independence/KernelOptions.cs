namespace CausalMixFT.Kernels.Independence;

/// <summary>How the width of a Gaussian kernel is chosen.</summary>
public enum KernelWidth
{
    /// <summary>By the number of rows and of columns, as Zhang et al. (2011) and causal-learn have it.</summary>
    Empirical,

    /// <summary>√2 times the median distance between rows; of more than 1,000 rows, 1,000 evenly spaced ones are compared.</summary>
    Median,

    /// <summary>As <see cref="KernelOptions.ManualWidth"/> says.</summary>
    Manual,
}

/// <summary>The kernels of KCI; the defaults are causal-learn's.</summary>
public sealed record KernelOptions
{
    /// <summary>The kernel of x, of y and of S.</summary>
    public KernelKind Kernel { get; init; } = KernelKind.Gaussian;

    /// <summary>How the width of a Gaussian is chosen.</summary>
    public KernelWidth Width { get; init; } = KernelWidth.Empirical;

    /// <summary>The Gaussian's width in standard deviations, where <see cref="Width"/> is manual.</summary>
    public double ManualWidth { get; init; } = 1;
}
