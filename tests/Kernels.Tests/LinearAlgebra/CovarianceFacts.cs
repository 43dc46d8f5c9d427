using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.LinearAlgebra;

public class CovarianceFacts
{
    public static IEnumerable<TheoryDataRow<DeviceKind, int, int>> EveryShape() =>
        from row in new EveryDevice()
        from shape in row.Data == DeviceKind.Emulated
            ? new[] { (2, 1), (7, 5), (33, 6) }
            : [(2, 1), (7, 5), (97, 17), (1031, 37), (259, 16)]
        select new TheoryDataRow<DeviceKind, int, int>(row.Data, shape.Item1, shape.Item2);

    [Theory, MemberData(nameof(EveryShape))]
    public void Covariance_agrees_with_the_definition(DeviceKind kind, int rows, int columns)
    {
        var values = ValuesOf(rows, columns, seed: 31);
        using var device = ComputeDevice.Open(kind);
        using var data = device.Allocate<double>(values);
        using var covariance = device.Allocate<double>(columns * columns);

        Covariance.On(device).Compute(data, rows, columns, covariance);

        var actual = covariance.ToArray();
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double expected = Definition(values, rows, i, j);
                double scale = Math.Sqrt(Definition(values, rows, i, i) * Definition(values, rows, j, j));

                // The mean of numbers near 1e4 with spread 1 is rounded to 2e-12, which enters squared; sums of 1,031 terms to 1e-13.
                Assert.Equal(expected, actual[i * columns + j], scale * 1e-11);
            }
        }
    }

    // Tall tables are cut into groups of rows and chunks of groups, wide ones into slabs: 2 chunks or slabs at the least.
    [Theory, InlineData(4097, 13), InlineData(20011, 3), InlineData(3500, 301), InlineData(4200, 257)]
    public void Groups_of_rows_with_other_means_add_up(int rows, int columns)
    {
        // A trend over the rows: the groups' means differ by much more than what varies within a group.
        var values = ValuesOf(rows, columns, seed: 33);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] += 100.0 * (i % rows) / rows * (1 + i / rows % 3);
        }

        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var covariance = device.Allocate<double>(columns * columns);
        ReadOnlyMemory<double>[] parts = [.. Enumerable.Range(0, columns).Select(i => values.AsMemory(i * rows, rows))];

        Covariance.On(device).Compute(parts, rows, covariance);

        var actual = covariance.ToArray();
        foreach (var (i, j) in new[] { (0, 0), (0, columns - 1), (1, 2), (columns / 2, columns / 3), (columns - 1, columns - 1) })
        {
            double scale = Math.Sqrt(Definition(values, rows, i, i) * Definition(values, rows, j, j));
            Assert.Equal(Definition(values, rows, i, j), actual[i * columns + j], scale * 1e-11);
            Assert.Equal(actual[i * columns + j], actual[j * columns + i]);
        }
    }

    [Theory, InlineData(1031, 37), InlineData(6000, 21), InlineData(3500, 301)]
    public void One_thread_and_two_give_the_same_bits(int rows, int columns)
    {
        Assert.Equal(Run(1), Run(2));

        double[] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var data = device.Allocate<double>(ValuesOf(rows, columns, seed: 32));
            using var covariance = device.Allocate<double>(columns * columns);
            Covariance.On(device).Compute(data, rows, columns, covariance);
            return covariance.ToArray();
        }
    }

    [Theory, InlineData(1031, 37), InlineData(6001, 23), InlineData(3500, 301)]
    public void Vectors_of_256_bits_and_of_512_give_the_same_bits(int rows, int columns)
    {
        using var device = (CpuDevice)ComputeDevice.Open(DeviceKind.Cpu);
        using var data = device.Allocate<double>(ValuesOf(rows, columns, seed: 35));
        using var narrow = device.Allocate<double>(columns * columns);
        using var wide = device.Allocate<double>(columns * columns);

        new Covariance.Cpu(device, new(is512: false)).Compute(data, rows, columns, narrow);
        new Covariance.Cpu(device, new(is512: true)).Compute(data, rows, columns, wide);

        Assert.Equal(narrow.ToArray(), wide.ToArray());
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Columns_in_host_memory_give_the_same_and_stay_as_they_are(DeviceKind kind)
    {
        var values = ValuesOf(33, 6, seed: 34);
        using var device = ComputeDevice.Open(kind);
        using var data = device.Allocate<double>(values);
        using var expected = device.Allocate<double>(36);
        using var actual = device.Allocate<double>(36);
        var columns = values.ToArray();

        Covariance.On(device).Compute(data, 33, 6, expected);
        Covariance.On(device).Compute([.. Enumerable.Range(0, 6).Select(i => new ReadOnlyMemory<double>(columns, i * 33, 33))], 33, actual);

        // Threads of a GPU meet in a mean in any order: 2e-12 of 1e4, which enters squared.
        var worst = expected.ToArray().Zip(actual.ToArray(), (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(worst, 0, kind == DeviceKind.Cpu ? 0 : 1e-12);
        Assert.Equal(values, columns);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_constant_column_has_no_covariance(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var data = device.Allocate<double>([3, 3, 3, 3, 1, 2, 3, 4]);
        using var covariance = device.Allocate<double>(4);

        Covariance.On(device).Compute(data, 4, 2, covariance);

        double[] expected = [0, 0, 0, 5.0 / 3];
        Assert.Equal(expected, covariance.ToArray());
    }

    static double Definition(double[] values, int rows, int i, int j)
    {
        var x = values.AsSpan(i * rows, rows).ToArray();
        var y = values.AsSpan(j * rows, rows).ToArray();
        double meanX = x.Average(), meanY = y.Average();
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / (rows - 1);
    }

    // Far from 0, so that a formula which does not centre would lose eight digits.
    static double[] ValuesOf(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows * columns).Select(i => random.NextDouble() + 1e4 * (i / rows))];
    }
}
