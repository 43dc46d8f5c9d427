using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.LinearAlgebra;

public class MatrixMultiplyFacts(ITestOutputHelper output)
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Product_agrees_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        (int M, int N, int K)[] shapes = kind == DeviceKind.Emulated
            ? [(1, 1, 1), (5, 7, 3), (9, 4, 17), (17, 33, 35)] // blocks of 16 by 16, strips of depth 16
            :
            [
                (1, 1, 1), (6, 16, 256), (7, 17, 257), (97, 33, 1), (1, 800, 5), (301, 97, 520), (150, 1600, 64),
                .. Enumerable.Range(1, 9).SelectMany(m => ((int, int, int)[])[(m, 31, 9), (m, 33, 300), (m, 47, 9), (m, 64, 300)]),
            ];
        foreach (var (m, n, k) in shapes)
        {
            foreach (bool transposeA in (bool[])[false, true])
            {
                foreach (bool transposeB in (bool[])[false, true])
                {
                    foreach (bool accumulate in (bool[])[false, true])
                    {
                        Check(device, m, n, k, transposeA, transposeB, accumulate);
                    }
                }
            }
        }
    }

    [Fact]
    public void Product_agrees_with_the_definition_in_groups_of_a_real_size()
    {
        using var device = RealGroups.Open();
        Check(device, 65, 70, 33, transposeA: false, transposeB: true, accumulate: false);
        Check(device, 7, 129, 17, transposeA: true, transposeB: false, accumulate: true);
    }

    [Theory]
    [InlineData("openblas")]
    [InlineData("blis")]
    [InlineData("mkl")]
    public void A_named_native_library_agrees_with_the_definition(string blas)
    {
        ComputeDevice device;
        try
        {
            device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Blas = blas });
        }
        catch (DeviceUnavailableException e)
        {
            Assert.Skip(e.Message);
            return;
        }

        using (device)
        {
            output.WriteLine(device.Name);
            Check(device, 301, 97, 520, transposeA: false, transposeB: true, accumulate: true);
            Check(device, 97, 301, 52, transposeA: true, transposeB: false, accumulate: false);
        }
    }

    [Fact]
    public void A_missing_native_library_is_named_with_the_remedy()
    {
        var e = Assert.Throws<DeviceUnavailableException>(
            () => ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Blas = "libnosuchblas.so" }));
        Assert.Contains("libnosuchblas.so", e.Message, StringComparison.Ordinal);
        Assert.Contains("--blas", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        var results = ((int[])[1, 2, 3]).Select(threads =>
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            return Multiply(device, 500, 130, 300, false, true, false, out _);
        }).ToArray();
        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var storage = device.Allocate<float>(100);
        Assert.Throws<ArgumentException>(() => MatrixMultiply.On(device).Multiply(
            new Tensor(storage, 0, 2, 3), new Tensor(storage, 0, 4, 5), new Tensor(storage, 0, 2, 5)));
    }

    static void Check(ComputeDevice device, int m, int n, int k, bool transposeA, bool transposeB, bool accumulate)
    {
        var actual = Multiply(device, m, n, k, transposeA, transposeB, accumulate, out var expected);
        for (int i = 0; i < actual.Length; i++)
        {
            // A float sum of k products of numbers in [−1, 1]: at most k · ε/2 · Σ|ab| ≤ k² · 6e-8, in practice √k of it.
            double tolerance = 6e-8 * k * Math.Sqrt(k) + 1e-6;
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= tolerance,
                $"{device.Name} ({m}, {n}, {k}) T{transposeA}{transposeB} +{accumulate}: element {i} is {actual[i]}, expected {expected[i]}.");
        }
    }

    static float[] Multiply(
        ComputeDevice device, int m, int n, int k, bool transposeA, bool transposeB, bool accumulate, out double[] expected)
    {
        float[] a = Uniform(1, m * k), b = Uniform(2, k * n), c = Uniform(3, m * n);
        using var storage = device.Allocate<float>(m * k + k * n + m * n);
        var ta = new Tensor(storage, 0, transposeA ? k : m, transposeA ? m : k);
        var tb = new Tensor(storage, m * k, transposeB ? n : k, transposeB ? k : n);
        var tc = new Tensor(storage, m * k + k * n, m, n);
        ta.CopyFrom(a);
        tb.CopyFrom(b);
        if (accumulate)
        {
            tc.CopyFrom(c);
        }
        else
        {
            tc.CopyFrom(Enumerable.Repeat(float.NaN, m * n).ToArray()); // β = 0 must not read C
        }

        MatrixMultiply.On(device).Multiply(ta, tb, tc, transposeA, transposeB, accumulate);

        expected = new double[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = accumulate ? c[i * n + j] : 0;
                for (int p = 0; p < k; p++)
                {
                    sum += (double)a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
                }

                expected[i * n + j] = sum;
            }
        }

        return tc.ToArray();
    }

    static float[] Uniform(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }
}
