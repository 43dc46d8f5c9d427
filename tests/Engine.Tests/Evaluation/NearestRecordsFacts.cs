using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class NearestRecordsFacts
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(300, 3)]
    [InlineData(613, 1)]
    public void Distances_are_those_of_the_definition_at_any_size(int references, int count)
    {
        // 613 references are two blocks and a part; 131 queries are one task and a part.
        Table a = Mixed(131, 1), b = Mixed(references, 2);
        var space = new RecordSpace(ComparedTables.Of(a, b, null, null));
        foreach (int threads in (int[])[1, 2])
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            float[] found = NearestRecords.Distances(space.Points(a), space.Points(b), count, device);
            for (int row = 0; row < a.Rows; row++)
            {
                double[] expected = [.. Enumerable.Range(0, b.Rows).Select(other => Distance(a, a, row, b, other)).Order().Take(count)];
                for (int k = 0; k < count; k++)
                {
                    // Three numbers rounded to float and summed: 4 · ε/2 of a sum below 8, twice for the two roundings.
                    Assert.Equal(k < expected.Length ? expected[k] : double.PositiveInfinity, found[row * count + k], 4e-6);
                }
            }
        }
    }

    [Fact]
    public void A_record_does_not_find_itself_where_asked_but_finds_its_twin()
    {
        var table = new Table([Numeric("x", [0, 1, 1, 3])]);
        var points = new RecordSpace(ComparedTables.Of(table, table, null, null)).Points(table);
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        Assert.Equal([1 / 3f, 0, 0, 2 / 3f], NearestRecords.Distances(points, points, 1, device, without: true), (x, y) => Math.Abs(x - y) < 1e-6);
        Assert.Equal([1, 2, 2, 1], NearestRecords.CountWithin(points, new float[] { 0.1f, 0.1f, 0, 0 }, points, device));
    }

    [Fact]
    public void Rows_are_equal_when_every_cell_is_and_missing_equals_missing()
    {
        var rows = new Table([Numeric("x", [1, double.NaN, 1, -0.0]), Categorical("c", [0, 1, 1, 0], 2)]);
        var others = new Table([Numeric("x", [1, double.NaN, 0]), Categorical("c", [0, 1, 0], 2)]);
        Assert.Equal(0.75, RowEquality.ShareMetIn(rows, others));
    }

    static Table Mixed(int rows, uint stream)
    {
        var random = new Philox(3);
        double[] Cells(Func<uint, double> draw) => [.. Enumerable.Range(0, rows).Select(row => draw((uint)row))];
        return new([
            Numeric("x", Cells(row => random.Normal(row, stream))),
            Categorical("c", Cells(row => random.Below(3, row, stream, 1)), 3),
            Numeric("y", Cells(row => random.Uniform(row, stream, 2) < 0.2 ? double.NaN : random.Uniform(row, stream, 3))),
        ]);
    }

    static double Distance(Table train, Table a, int row, Table b, int other)
    {
        double sum = 0;
        foreach (var column in train.Columns)
        {
            double x = a[column.Name].Values[row], y = b[column.Name].Values[other];
            double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
            double low = present.Min(), range = present.Max() - low;
            double Place(double value) => double.IsNaN(value) ? 0.5 : (value - low) / range;
            sum += column.IsDiscrete ? (x.Equals(y) ? 0 : 2)
                : Math.Abs(Place(x) - Place(y)) + (double.IsNaN(x) == double.IsNaN(y) ? 0 : 0.5);
        }

        return sum;
    }
}
