using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Neighbours;

namespace CausalMixFT.Engine.Generators;

/// <summary>How many of the nearest rows, of all classes, to each row of a class are of other classes.</summary>
/// <param name="Foreign">The counts, in the order of the class's rows.</param>
/// <param name="Neighbours">How many neighbours were looked at.</param>
sealed record ForeignNeighbours(int[] Foreign, int Neighbours)
{
    /// <summary>Counts for each class.</summary>
    public static IEnumerable<ForeignNeighbours> Count(
        int[][] members, SmoteSpace space, int neighbours, ComputeDevice device, CancellationToken cancellation)
    {
        int[] all = [.. members.SelectMany(rows => rows)], labels = [.. members.SelectMany((rows, k) => Enumerable.Repeat(k, rows.Length))];
        int count = Math.Min(neighbours, all.Length - 1), start = 0;
        var search = NearestNeighbours.On(device);
        for (int k = 0; k < members.Length; k++)
        {
            int[] queries = [.. Enumerable.Range(start, members[k].Length)];
            int[] nearest = search.Find(space.Points(all, members[k]), queries, count, cancellation);
            int own = k;
            yield return new([.. nearest.Chunk(count).Select(row => row.Count(place => labels[place] != own))], count);
            start += members[k].Length;
        }
    }
}
