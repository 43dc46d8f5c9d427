using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Neighbours;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Neighbours;

public class NearestNeighboursFacts
{
    // Rows, numbers, codes, count. 2,077 points are three blocks and a part; 131 queries are two tasks and a part, and not whole fours.
    public static IEnumerable<TheoryDataRow<DeviceKind, int, int, int, int>> EveryShape() =>
        from row in new EveryDevice()
        from shape in row.Data == DeviceKind.Emulated
            ? new[] { (2, 1, 0, 1), (7, 2, 1, 3), (33, 0, 3, 5) }
            : [(2, 1, 0, 1), (3, 1, 1, 2), (7, 2, 1, 3), (97, 0, 3, 5), (613, 5, 6, 5), (2077, 3, 2, 10), (300, 61, 0, 7)]
        select new TheoryDataRow<DeviceKind, int, int, int, int>(row.Data, shape.Item1, shape.Item2, shape.Item3, shape.Item4);

    [Theory, MemberData(nameof(EveryShape))]
    public void Neighbours_are_those_of_the_definition(DeviceKind kind, int rows, int numbers, int codes, int count)
    {
        var points = Points(rows, numbers, codes);
        int[] queries = [.. Enumerable.Range(0, Math.Min(rows, 131)).Select(i => i * 7 % rows)];
        using var device = ComputeDevice.Open(kind);
        int[] found = Find(device, points, queries, count);
        for (int q = 0; q < queries.Length; q++)
        {
            double[] squares = [.. Enumerable.Range(0, rows).Select(row => row == queries[q] ? double.NaN : Square(points, row, queries[q]))];
            double[] expected = [.. squares.Where(square => !double.IsNaN(square)).Order().Take(count)];
            int[] mine = found[(q * count)..((q + 1) * count)];
            Assert.Equal(count, mine.Distinct().Count());

            // A square is a sum of up to 62 float terms: (terms + 1) · ε/2 of it, and as much for the one it is compared with.
            Assert.All(mine.Zip(expected), pair => Assert.InRange(Math.Abs(squares[pair.First] - pair.Second), 0, 1e-5 * pair.Second));
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Of_equally_near_points_the_first_come_first_and_a_twin_is_a_neighbour(DeviceKind kind)
    {
        var points = new PointSet(5, 1, 1, mismatch: 4);
        new float[] { 3, 1, 1, 5, 1 }.CopyTo(points.Column(0));
        new float[] { 0, 0, 0, 0, 1 }.CopyTo(points.Column(1));
        using var device = ComputeDevice.Open(kind);
        Assert.Equal([1, 2, 3, 2, 0, 4], Find(device, points, [0, 1], 3)); // from 0: 4, 4, 4 and 8; from 1: 0, 4, 4 and 16
        Assert.Equal([1, 2, 0], Find(device, points, [4], 3)); // 4, 4 and 8, before 20
        Assert.Empty(Find(device, points, [], 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Find(device, points, [0], 5));
    }

    [Fact]
    public void Any_number_of_threads_finds_the_same()
    {
        var points = Points(1500, 4, 3);
        int[] all = [.. Enumerable.Range(0, points.Rows)];
        using ComputeDevice one = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 }), three = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 3 });
        Assert.Equal(Find(one, points, all, 5), Find(three, points, all, 5));
    }

    [Fact]
    public void A_search_can_be_ended()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        Assert.Throws<OperationCanceledException>(() =>
            NearestNeighbours.On(device).Find(Points(50, 1, 0), [0], 1, new CancellationToken(canceled: true)));
    }

    static int[] Find(ComputeDevice device, PointSet points, int[] queries, int count) => NearestNeighbours.On(device).Find(points, queries, count);

    static PointSet Points(int rows, int numbers, int codes)
    {
        var random = new Philox(17);
        var points = new PointSet(rows, numbers, codes, mismatch: 0.7f);
        for (int c = 0; c < numbers + codes; c++)
        {
            var column = points.Column(c);
            for (int row = 0; row < rows; row++)
            {
                column[row] = c < numbers ? random.Normal((uint)row, (uint)c) : random.Below(4, (uint)row, (uint)c);
            }
        }

        return points;
    }

    static double Square(PointSet points, int a, int b)
    {
        double square = 0;
        for (int c = 0; c < points.Numbers + points.Codes; c++)
        {
            double x = points.Column(c)[a], y = points.Column(c)[b];
            square += c < points.Numbers ? (x - y) * (x - y) : x == y ? 0 : points.Mismatch;
        }

        return square;
    }
}
