using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Within a kernel: the sum of a value of every thread of a group, the same bits every time.</summary>
/// <remarks>
/// The library's <see cref="GroupExtensions.AllReduce{T, TReduction}"/> adds warps in whatever order they arrive. A group is of one
/// dimension and of whole warps, at most 32; all its threads must ask, and all are given the sum.
/// </remarks>
static class GroupSum
{
    const int MostWarps = 32;

    /// <summary>Σ <paramref name="value"/> over the group's threads.</summary>
    public static float Of(float value) => Of<float, AddFloat>(value);

    /// <inheritdoc cref="Of(float)"/>
    public static double Of(double value) => Of<double, AddDouble>(value);

    static T Of<T, TAddition>(T value)
        where T : unmanaged
        where TAddition : struct, IScanReduceOperation<T>
    {
        TAddition addition = default;
        var sums = SharedMemory.Allocate<T>(MostWarps);
        value = WarpExtensions.Reduce<T, TAddition>(value);
        if (Warp.IsFirstLane)
        {
            sums[Group.IdxX / Warp.WarpSize] = value;
        }

        Group.Barrier();
        var sum = sums[0];
        for (int warp = 1; warp < Group.DimX / Warp.WarpSize; warp++)
        {
            sum = addition.Apply(sum, sums[warp]);
        }

        // The next sum may write only when all have read this one.
        Group.Barrier();
        return sum;
    }
}
