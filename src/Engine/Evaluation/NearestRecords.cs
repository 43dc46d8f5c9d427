using System.Numerics;
using System.Runtime.InteropServices;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>Distances from each of many records to the nearest of many others, by trying them all.</summary>
/// <remarks>
/// Trees do not prune in dozens of columns. A distance is summed over columns in their order, in whichever lane: the same bits
/// on any machine and number of threads.
/// </remarks>
static class NearestRecords
{
    // Thirty columns of this many references are 30 KiB, which stay in the first cache while the queries pass.
    const int BlockRows = 256;
    const int QueriesPerTask = 128;

    /// <summary>
    /// The <paramref name="count"/> smallest distances from each query, ascending: (queries, count); infinite where there are
    /// fewer references.
    /// </summary>
    /// <param name="queries">The records that ask.</param>
    /// <param name="references">The records that are tried.</param>
    /// <param name="count">How many of the nearest.</param>
    /// <param name="device">Its threads share the queries.</param>
    /// <param name="without">Whether queries and references are the same records, and none is to find itself.</param>
    public static float[] Distances(RecordMatrix queries, RecordMatrix references, int count, ComputeDevice device, bool without = false)
    {
        var nearest = new float[queries.Rows * count];
        Array.Fill(nearest, float.PositiveInfinity);
        ForEachBlock(queries, references, device, (query, start, distances) =>
        {
            var best = nearest.AsSpan(query * count, count);
            for (int i = 0; i < distances.Length; i++)
            {
                if (distances[i] < best[^1] && !(without && start + i == query))
                {
                    Insert(best, distances[i]);
                }
            }
        });
        return nearest;
    }

    /// <summary>How many references lie within each query's own radius.</summary>
    public static int[] CountWithin(RecordMatrix queries, ReadOnlyMemory<float> radii, RecordMatrix references, ComputeDevice device)
    {
        var counts = new int[queries.Rows];
        ForEachBlock(queries, references, device, (query, _, distances) =>
        {
            float radius = radii.Span[query];
            foreach (float distance in distances)
            {
                counts[query] += distance <= radius ? 1 : 0;
            }
        });
        return counts;
    }

    delegate void BlockOfDistances(int query, int firstReference, ReadOnlySpan<float> distances);

    // Calls with every query and block of references; one query's blocks come in order, on one thread.
    static void ForEachBlock(RecordMatrix queries, RecordMatrix references, ComputeDevice device, BlockOfDistances tell)
    {
        int tasks = (queries.Rows + QueriesPerTask - 1) / QueriesPerTask;
        DeviceLoop.For(device, tasks, task =>
        {
            var distances = new float[BlockRows + RecordMatrix.Padding];
            var point = new float[queries.Columns.Length];
            int last = Math.Min(queries.Rows, (task + 1) * QueriesPerTask);
            for (int start = 0; start < references.Rows; start += BlockRows)
            {
                int rows = Math.Min(BlockRows, references.Rows - start);
                for (int query = task * QueriesPerTask; query < last; query++)
                {
                    for (int c = 0; c < point.Length; c++)
                    {
                        point[c] = queries.Columns[c][query];
                    }

                    Measure(point, references, start, rows, distances);
                    tell(query, start, distances.AsSpan(0, rows));
                }
            }
        });
    }

    // Four vectors of references at a time, their sums in registers. The last four may reach into the padding.
    static void Measure(ReadOnlySpan<float> point, RecordMatrix references, int start, int rows, Span<float> distances)
    {
        int lanes = Vector<float>.Count;
        nuint one = (nuint)lanes, two = one + one, three = two + one;
        ref float sums = ref MemoryMarshal.GetReference(distances);
        ReadOnlySpan<float[]> columns = references.Columns;
        for (int row = 0; row < rows; row += 4 * lanes)
        {
            Vector<float> a = default, b = default, c = default, d = default;
            for (int i = 0; i < references.Numbers; i++)
            {
                ref float cells = ref columns[i][start + row];
                var value = new Vector<float>(point[i]);
                a += Vector.Abs(Vector.LoadUnsafe(ref cells) - value);
                b += Vector.Abs(Vector.LoadUnsafe(ref cells, one) - value);
                c += Vector.Abs(Vector.LoadUnsafe(ref cells, two) - value);
                d += Vector.Abs(Vector.LoadUnsafe(ref cells, three) - value);
            }

            // A comparison is −1 where it holds, so these count agreements downwards.
            Vector<int> e = default, f = default, g = default, h = default;
            for (int i = references.Numbers; i < point.Length; i++)
            {
                ref float cells = ref columns[i][start + row];
                var value = new Vector<float>(point[i]);
                e += Vector.Equals(Vector.LoadUnsafe(ref cells), value);
                f += Vector.Equals(Vector.LoadUnsafe(ref cells, one), value);
                g += Vector.Equals(Vector.LoadUnsafe(ref cells, two), value);
                h += Vector.Equals(Vector.LoadUnsafe(ref cells, three), value);
            }

            var codes = new Vector<int>(point.Length - references.Numbers);
            (a + Twice(codes + e)).StoreUnsafe(ref sums, (nuint)row);
            (b + Twice(codes + f)).StoreUnsafe(ref sums, (nuint)row + one);
            (c + Twice(codes + g)).StoreUnsafe(ref sums, (nuint)row + two);
            (d + Twice(codes + h)).StoreUnsafe(ref sums, (nuint)row + three);
        }
    }

    static Vector<float> Twice(Vector<int> differences) => Vector.ConvertToSingle(differences + differences);

    static void Insert(Span<float> ascending, float value)
    {
        int place = ascending.Length - 1;
        while (place > 0 && ascending[place - 1] > value)
        {
            ascending[place] = ascending[place - 1];
            place--;
        }

        ascending[place] = value;
    }
}
