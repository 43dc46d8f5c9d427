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

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        Assert.Equal(Run(1), Run(2));

        static double[] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var data = device.Allocate<double>(ValuesOf(1031, 37, seed: 32));
            using var covariance = device.Allocate<double>(37 * 37);
            Covariance.On(device).Compute(data, 1031, 37, covariance);
            return covariance.ToArray();
        }
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
