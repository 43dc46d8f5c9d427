using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Neighbours;

/// <summary>The nearest other points of some points, by trying all of them.</summary>
/// <remarks>
/// Trees do not prune in a dozen columns. Of equally near points those of the lower number come first. On a CPU a square is summed in one
/// order, whatever the lanes: the same neighbours on any number of threads.
/// </remarks>
public abstract partial class NearestNeighbours
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static NearestNeighbours On(ComputeDevice device) =>
        device.Choose<NearestNeighbours>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>
    /// The numbers of the <paramref name="count"/> points that are nearest to each of <paramref name="queries"/>, nearest first:
    /// (queries, count). A point is not its own neighbour; its twin is.
    /// </summary>
    /// <param name="points">All points.</param>
    /// <param name="queries">Numbers of the points that ask.</param>
    /// <param name="count">How many neighbours, fewer than there are points.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public int[] Find(PointSet points, int[] queries, int count, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (queries.Length > 0 && count >= points.Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, $"Each of {points.Rows} points has {points.Rows - 1} neighbours.");
        }

        if (queries.Length == 0 || count == 0)
        {
            return [];
        }

        var found = FindAmong(points, queries, count, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return found;
    }

    private protected abstract int[] FindAmong(PointSet points, int[] queries, int count, CancellationToken cancellation);
}
