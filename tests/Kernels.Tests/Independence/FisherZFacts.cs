using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class FisherZFacts
{
    // A correlation matrix of 9 variables with condition number about 1e3: 1e-16 · 1e3, with room.
    const double Tolerance = 1e-12;

    [Theory, ClassData(typeof(EveryDevice))]
    public void Partial_correlations_agree_with_the_definition(DeviceKind kind)
    {
        const int Variables = 9;
        using var device = ComputeDevice.Open(kind);
        var matrix = CorrelationOf(Variables, seed: 3);
        using var correlation = device.Allocate<double>(matrix);
        var operation = FisherZ.On(device);
        var random = new Random(4);
        for (int depth = 0; depth <= 6; depth++)
        {
            var queries = new QueryBatch(depth);
            for (int i = 0; i < 7; i++)
            {
                int[] variables = Enumerable.Range(0, Variables).ToArray();
                random.Shuffle(variables);
                queries.Add(variables[0], variables[1], variables.AsSpan(2, depth));
            }

            var partial = new double[queries.Count];
            operation.PartialCorrelations(correlation, Variables, queries, partial);

            for (int query = 0; query < queries.Count; query++)
            {
                Assert.Equal(Definition(matrix, Variables, queries[query]), partial[query], Tolerance);
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_variable_that_is_determined_gives_NaN_and_a_repeated_one_adds_nothing(DeviceKind kind)
    {
        // Variables 0, 1 are the same; 2 correlates with both; 3 with all.
        double[] matrix =
        [
            1, 1, 0.5, 0.3,
            1, 1, 0.5, 0.3,
            0.5, 0.5, 1, 0.4,
            0.3, 0.3, 0.4, 1,
        ];
        using var device = ComputeDevice.Open(kind);
        using var correlation = device.Allocate<double>(matrix);
        var one = new QueryBatch(1);
        one.Add(0, 2, [1]);
        one.Add(0, 1, [2]);
        one.Add(2, 3, [0]);
        var two = new QueryBatch(2);
        two.Add(2, 3, [0, 1]);
        var partial = new double[3];

        FisherZ.On(device).PartialCorrelations(correlation, 4, one, partial);
        Assert.True(double.IsNaN(partial[0]));
        Assert.Equal(1, partial[1], Tolerance);
        double given = partial[2];
        FisherZ.On(device).PartialCorrelations(correlation, 4, two, partial);
        Assert.Equal(given, partial[0], Tolerance);
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        var matrix = CorrelationOf(30, seed: 5);
        var queries = new QueryBatch(3);
        var random = new Random(6);
        for (int i = 0; i < 5000; i++)
        {
            queries.Add(random.Next(10), 10 + random.Next(5), [15 + random.Next(5), 20 + random.Next(5), 25 + random.Next(5)]);
        }

        Assert.Equal(Run(1), Run(2));

        double[] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var correlation = device.Allocate<double>(matrix);
            var partial = new double[queries.Count];
            FisherZ.On(device).PartialCorrelations(correlation, 30, queries, partial);
            return partial;
        }
    }

    /// <summary>−P_xy / √(P_xx P_yy), with P the inverse of the correlation of x, y and S.</summary>
    static double Definition(double[] matrix, int variables, ReadOnlySpan<int> query)
    {
        var inverse = Matrices.Inverse(Matrices.Select(matrix, variables, query.ToArray()));
        return -inverse[0, 1] / Math.Sqrt(inverse[0, 0] * inverse[1, 1]);
    }

    static double[] CorrelationOf(int variables, int seed)
    {
        // Sums of a few shared normals correlate in every pattern.
        var random = new Random(seed);
        var loadings = new double[variables, variables];
        for (int i = 0; i < variables; i++)
        {
            for (int j = 0; j < variables; j++)
            {
                loadings[i, j] = random.NextDouble() - 0.5 + (i == j ? 1 : 0);
            }
        }

        return Matrices.CorrelationOfLoadings(loadings);
    }
}
