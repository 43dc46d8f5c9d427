using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class RandomisedConditionalCorrelationFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Features_are_cosines(DeviceKind kind)
    {
        const int Rows = 37, Count = 3;
        var random = new Random(1);
        double[] data = Numbers(random, 2 * Rows), weights = [.. Numbers(random, 2 * Count).Select(w => 9 * w)], phases = [0.5, -20, 300];
        var features = new double[Rows * Count];
        using var device = ComputeDevice.Open(kind);
        RandomFourierFeatures.On(device).Compute(data, Rows, weights, phases, features);
        for (int i = 0; i < features.Length; i++)
        {
            int feature = i / Rows, row = i % Rows;
            double angle = weights[2 * feature] * data[row] + weights[2 * feature + 1] * data[Rows + row] + phases[feature];
            // Angles up to 318 are rounded to 318 · ε = 7e-14 before any cosine is taken.
            Assert.Equal(Math.Sqrt(2) * Math.Cos(angle), features[i], 2e-13);
        }
    }

    // 4099 rows are a block and three rows more.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Moments_agree_with_the_definition(DeviceKind kind)
    {
        const int Rows = 4099, Width = 3, Pairs = 6;
        var random = new Random(2);
        double[] x = Numbers(random, Rows * Width), y = Numbers(random, Rows * Width);
        var sums = new double[FeatureMoments.Length(Width)];
        using var device = ComputeDevice.Open(kind);
        FeatureMoments.On(device).Compute(x, y, Rows, Width, sums);
        for (int j = 0; j < Width; j++)
        {
            for (int i = 0; i < Width; i++)
            {
                Assert.Equal(Sum(row => x[i * Rows + row] * y[j * Rows + row]), sums[j * Width + i], 1e-10);
                for (int k = 0; k <= i; k++)
                {
                    for (int l = 0; l <= j; l++)
                    {
                        Assert.Equal(
                            Sum(row => x[i * Rows + row] * x[k * Rows + row] * y[j * Rows + row] * y[l * Rows + row]),
                            sums[Width * Width + (i * (i + 1) / 2 + k) + (j * (j + 1) / 2 + l) * Pairs], 1e-10);
                    }
                }
            }
        }

        static double Sum(Func<int, double> term) => Enumerable.Range(0, Rows).Sum(term);
    }

    [Fact]
    public void Exchanging_arguments_and_threads_changes_no_bit_and_the_emulator_few()
    {
        const int Rows = 300;
        var random = new Random(3);
        ReadOnlyMemory<double>[] columns = [Numbers(random, Rows), Numbers(random, Rows), Numbers(random, Rows), Numbers(random, Rows)];
        var one = Run(ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 }), [0, 1, 2, 3]);
        Assert.Equal(one, Run(ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 }), [0, 1, 2, 3]));
        Assert.Equal(one, Run(ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 }), [1, 0, 3, 2]));
        var emulated = Run(ComputeDevice.Open(DeviceKind.Emulated), [0, 1, 2, 3]);

        // Features of S are dependent up to the ridge of 1e-10, which makes 1e-6 of rounding at 1e-16; seen: 4e-9.
        Assert.Equal(one.Statistic, emulated.Statistic, 1e-6);
        Assert.Equal(one.PValue, emulated.PValue, 1e-6);

        RandomFeatureResult Run(ComputeDevice device, int[] question)
        {
            using var _ = device;
            using var test = new RandomisedConditionalCorrelation(columns, Rows, [0, 1, 2, 3, 4], new() { FeaturesOfGiven = 20, Seed = 4 }, device);
            var query = new QueryBatch(2);
            query.Add(question[0], question[1], question.AsSpan(2));
            var result = new RandomFeatureResult[1];
            test.Compute(query, result);
            return result[0];
        }
    }

    static double[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextDouble() - 1)];
}
