using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The first set, in a defined order, that separates each pair of a level by partial correlation.</summary>
/// <remarks>
/// The order for x &lt; y: the subsets of x's candidates without y, lexicographically, then the subsets of y's candidates
/// without x that are not all among x's. A set separates where |r(x, y | S)| is at most a largest value, with r as in
/// <see cref="FisherZ"/>. What is found depends on nothing but the numbers: not on threads, nor on widths of vectors.
/// </remarks>
public abstract partial class FirstSeparator
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static FirstSeparator On(ComputeDevice device) =>
        device.Choose<FirstSeparator>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Finds the sets of a level and writes them into it.</summary>
    /// <param name="correlation">The correlation matrix, (variables, variables).</param>
    /// <param name="level">The pairs; receives what separates them.</param>
    /// <param name="largest">The largest |r| that separates; 2 where every r does, −1 where none does.</param>
    /// <param name="progress">Told the share of the level that is done, by any thread; null for silence.</param>
    /// <param name="cancellation">Stops the search.</param>
    public void Search(
        DeviceArray<double> correlation, SkeletonLevel level, double largest, Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(correlation);
        ArgumentNullException.ThrowIfNull(level);
        if (correlation.Length < level.Variables * level.Variables)
        {
            throw new ArgumentException($"A level of {level.Variables} variables needs more than {correlation.Length} correlations.");
        }

        cancellation.ThrowIfCancellationRequested();
        Find(correlation, level, largest, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        progress?.Invoke(1);
    }

    private protected abstract void Find(
        DeviceArray<double> correlation, SkeletonLevel level, double largest, Action<double>? progress,
        CancellationToken cancellation);
}
