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

    // 97 rows fill no word and no vector; of 5,000, tables are counted by masks, row by row and sorted.
    [Theory, MemberData(nameof(EveryStatistic))]
    public void Statistics_agree_with_the_definition(DeviceKind kind, ContingencyStatistic statistic)
    {
        Compare(97, CodesOf(97, seed: 21), kind, statistic);
        if (kind != DeviceKind.Emulated)
        {
            Compare(5000, CodesOf(5000, seed: 24), kind, statistic);
        }
    }

    [Theory, MemberData(nameof(EveryStatistic))]
    public void A_row_with_a_gap_is_passed_over_by_the_questions_about_its_column(DeviceKind kind, ContingencyStatistic statistic)
    {
        int rows = kind == DeviceKind.Emulated ? 211 : 3000;
        var codes = CodesOf(rows, seed: 25);
        var random = new Random(26);
        for (int column = 1; column < Levels.Length; column += 2)
        {
            for (int row = 0; row < rows; row++)
            {
                codes[column * rows + row] = random.Next(7) == 0 ? DiscreteColumns.Missing : codes[column * rows + row];
            }
        }

        Compare(rows, codes, kind, statistic);
    }

    // 50 digits of Python's decimal module, for tables whose rows and columns are close to independent.
    [Theory]
    [InlineData(1.6000001280000114e-11, new[] { 2500, 2501, 2499, 2500 }, 2)]
    [InlineData(1.6000000012800001e-14, new[] { 25000, 25001, 24999, 25000 }, 2)]
    [InlineData(0.00024981262751633856, new[] { 1000, 1000, 1000, 1001 }, 2)]
    [InlineData(0.010713228001486691, new[] { 40, 20, 21, 10 }, 2)]
    [InlineData(0.0015007628130538177, new[] { 300, 310, 290, 600, 620, 581, 900, 931, 870 }, 3)]
    [InlineData(4724.5177187497484, new[] { 4000, 10, 10, 980 }, 2)]
    [InlineData(1174.2583626198052, new[] { 0, 700, 300, 5 }, 2)]
    public void The_smallest_statistics_keep_their_digits(double expected, int[] table, int side)
    {
        byte[] x = [.. table.SelectMany((count, cell) => Enumerable.Repeat((byte)(cell / side), count))];
        byte[] y = [.. table.SelectMany((count, cell) => Enumerable.Repeat((byte)(cell % side), count))];
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var columns = new DiscreteColumns(device, [.. x, .. y], x.Length, [side, side]);
        var queries = new QueryBatch(0);
        queries.Add(0, 1, []);
        var results = new ContingencyResult[1];

        GSquared.On(device).Compute(columns, queries, ContingencyStatistic.LikelihoodRatio, results);

        // (o N − r c) is exact, so a term keeps all its digits; 1e-10 is where the look-ups hand over.
        Assert.InRange(results[0].Statistic / expected - 1, -1e-10, 1e-10);
    }

    [Theory, MemberData(nameof(EveryStatistic))]
    public void Exchanging_the_arguments_changes_no_bit(DeviceKind kind, ContingencyStatistic statistic)
    {
        const int Rows = 500;
        using var device = ComputeDevice.Open(kind);
        using var columns = new DiscreteColumns(device, CodesOf(Rows, seed: 27), Rows, Levels);
        var queries = new QueryBatch(2);
        queries.Add(1, 2, [0, 3]);
        queries.Add(2, 1, [3, 0]);
        queries.Add(5, 2, [6, 3]);
        queries.Add(2, 5, [3, 6]);
        var results = new ContingencyResult[4];

        GSquared.On(device).Compute(columns, queries, statistic, results);

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[2], results[3]);
    }

    static void Compare(int rows, byte[] codes, DeviceKind kind, ContingencyStatistic statistic)
    {
        using var device = ComputeDevice.Open(kind);
        using var columns = new DiscreteColumns(device, codes, rows, Levels);
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
                var (expected, degrees) = Definition(codes, rows, question, statistic);
                Assert.Equal(degrees, result.DegreesOfFreedom);

                // Up to 5,000 terms of order 10, summed in another order and from logarithms of rounded ratios.
                Assert.Equal(expected, result.Statistic, 1e-13 * rows);
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
        foreach (var stratum in Enumerable.Range(0, rows).Where(row => question.All(v => codes[v * rows + row] != DiscreteColumns.Missing)).GroupBy(row => string.Join(' ', question.Skip(2).Select(v => codes[v * rows + row]))))
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
