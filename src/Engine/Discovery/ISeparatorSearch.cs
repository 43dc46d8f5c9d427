using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A test that finds the first separating sets of a whole level itself, and so need not be asked set by set.</summary>
/// <remarks>The first is meant as <see cref="FirstSeparator"/> defines it, which is the order in which other tests are asked.</remarks>
interface ISeparatorSearch : IIndependenceTest
{
    /// <summary>The statistic of each pair given nothing, (variables, variables): the smaller its size, the larger p.</summary>
    ReadOnlySpan<double> Marginal { get; }

    /// <summary>The largest statistic whose p-value reaches <paramref name="alpha"/>: 2 when all do, −1 when none does.</summary>
    double LargestIndependent(double alpha, int depth);

    /// <summary>The p-value of a statistic, given <paramref name="depth"/> variables.</summary>
    double PValue(double statistic, int depth);

    /// <summary>Writes into a level what separates its pairs.</summary>
    void FindSeparators(SkeletonLevel level, double alpha, Action<double>? progress, CancellationToken cancellation);
}
