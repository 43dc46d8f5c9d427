using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class GSquaredFacts
{
    // The last column has 250 levels: with two of it and one more, tables are larger than any that is laid out.
    static readonly int[] Levels = [2, 3, 5, 4, 1, 250, 250];

    public static IEnumerable<TheoryDataRow<DeviceKind, ContingencyStatistic>> EveryStatistic() =>
        new EveryDevice().SelectMany(row => Enum.GetValues<ContingencyStatistic>(), (row, statistic) =>
            new TheoryDataRow<DeviceKind, ContingencyStatistic>(row.Data, statistic));

    [Theory, MemberData(nameof(EveryStatistic))]
    public void Statistics_agree_with_the_definition(DeviceKind kind, ContingencyStatistic statistic)
    {
        const int Rows = 97;
        var codes = CodesOf(Rows, seed: 21);
        using var device = ComputeDevice.Open(kind);
        using var columns = new DiscreteColumns(device, codes, Rows, Levels);
        var operation = GSquared.On(device);
        int[][] questions = [[0, 1], [2, 3], [0, 4], [0, 1, 2], [1, 3, 0], [2, 1, 4], [0, 2, 1, 3], [3, 2, 0, 1, 4], [2, 3, 5], [0, 1, 5, 6, 2]];
        foreach (var group in questions.GroupBy(question => question.Length))
        {
            var queries = new QueryBatch(group.Key - 2);
            foreach (int[] question in group)
            {
                queries.Add(question[0], question[1], question.AsSpan(2));
            }

            var results = new ContingencyResult[queries.Count];
            operation.Compute(columns, queries, statistic, results);

            foreach (var (question, result) in group.Zip(results))
            {
                var (expected, degrees) = Definition(codes, Rows, question, statistic);
                Assert.Equal(degrees, result.DegreesOfFreedom);

                // At most 97 terms of order 10, summed in another order.
                Assert.Equal(expected, result.Statistic, 1e-11);
            }
        }
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        const int Rows = 3001;
        var codes = CodesOf(Rows, seed: 22);
        var queries = new QueryBatch(2);
        for (int i = 0; i < 50; i++)
        {
            queries.Add(i % 2, 2 + i % 2, [4, 5 + i % 2]);
        }

        Assert.Equal(Run(1), Run(2));

        ContingencyResult[] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var columns = new DiscreteColumns(device, codes, Rows, Levels);
            var results = new ContingencyResult[queries.Count];
            GSquared.On(device).Compute(columns, queries, ContingencyStatistic.LikelihoodRatio, results);
            return results;
        }
    }

    static (double Statistic, int Degrees) Definition(byte[] codes, int rows, int[] question, ContingencyStatistic kind)
    {
        double statistic = 0;
        int degrees = 0;
        foreach (var stratum in Enumerable.Range(0, rows).GroupBy(row => string.Join(' ', question.Skip(2).Select(v => codes[v * rows + row]))))
        {
            var cells = stratum.CountBy(row => (X: codes[question[0] * rows + row], Y: codes[question[1] * rows + row])).ToDictionary();
            var xs = stratum.CountBy(row => codes[question[0] * rows + row]).ToDictionary();
            var ys = stratum.CountBy(row => codes[question[1] * rows + row]).ToDictionary();
            degrees += (xs.Count - 1) * (ys.Count - 1);
            foreach (var (x, sumX) in xs)
            {
                foreach (var (y, sumY) in ys)
                {
                    double observed = cells.GetValueOrDefault((x, y)), expected = (double)sumX * sumY / stratum.Count();
                    statistic += kind == ContingencyStatistic.Pearson
                        ? Math.Pow(observed - expected, 2) / expected
                        : observed == 0 ? 0 : 2 * observed * Math.Log(observed / expected);
                }
            }
        }

        return (statistic, degrees);
    }

    static byte[] CodesOf(int rows, int seed)
    {
        var random = new Random(seed);
        return [.. Levels.SelectMany(levels => Enumerable.Range(0, rows).Select(_ => (byte)random.Next(levels)))];
    }
}
