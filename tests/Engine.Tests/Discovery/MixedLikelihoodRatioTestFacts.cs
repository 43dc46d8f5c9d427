using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class MixedLikelihoodRatioTestFacts(ITestOutputHelper output)
{
    // Questions about (number, 3 levels, 5 levels, number, 2 levels), of which only some depend on the given ones.
    static readonly int[][] Questions = [[0, 1], [1, 2], [0, 3], [2, 4], [0, 1, 3], [1, 2, 3], [1, 2, 0, 4], [2, 3, 1]];

    [Fact]
    public void Of_independent_columns_one_in_twenty_is_rejected_at_one_in_twenty()
    {
        const int Repetitions = 400, Rows = 200;
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var rejected = new int[Questions.Length];
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            using var test = new MixedLikelihoodRatioTest(BlockEncoding.Of(Independent(Rows, repetition), new()), device);
            for (int i = 0; i < Questions.Length; i++)
            {
                rejected[i] += PValue(test, Questions[i]) < 0.05 ? 1 : 0;
            }
        }

        // Binomial(400, 0.05) lies within 20 ± 4 · 4.36 with probability 0.9999; all eight do with 0.999.
        for (int i = 0; i < Questions.Length; i++)
        {
            output.WriteLine($"{string.Join(' ', Questions[i])}: {rejected[i] / (double)Repetitions:0.000}");
            Assert.InRange(rejected[i], 3, 37);
        }

        // All together Binomial(3200, 0.05) if they were independent of each other: 160 ± 4 · 12.3.
        Assert.InRange(rejected.Sum(), 111, 209);
    }

    [Fact]
    public void Dependence_is_found_in_every_pair_of_kinds()
    {
        var random = new Random(71);
        const int Rows = 500;
        double[] level = [.. Enumerable.Range(0, Rows).Select(_ => (double)random.Next(3))];
        var table = new Table(
        [
            new("group", ColumnKind.Categorical, level, ["a", "b", "c"]),
            new("number", ColumnKind.Numeric, [.. level.Select(l => l + 3 * random.NextDouble())], decimals: 6),
            new("flag", ColumnKind.Boolean, [.. level.Select(l => random.NextDouble() < 0.2 + 0.3 * l ? 1.0 : 0)], ["no", "yes"]),
        ]);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new MixedLikelihoodRatioTest(BlockEncoding.Of(table, new()), device);

        Assert.InRange(PValue(test, [0, 1]), 0, 1e-10);
        Assert.InRange(PValue(test, [0, 2]), 0, 1e-10);
        Assert.InRange(PValue(test, [1, 2]), 0, 1e-4);
        Assert.InRange(PValue(test, [1, 2, 0]), 0.01, 1);
    }

    [Fact]
    public void Exchanging_the_arguments_changes_no_bit()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new MixedLikelihoodRatioTest(BlockEncoding.Of(Independent(100, 7), new()), device);
        foreach (int[] question in Questions)
        {
            int[] exchanged = [question[1], question[0], .. question.Skip(2).Reverse()];
            Assert.Equal(PValue(test, question), PValue(test, exchanged));
        }
    }

    [Fact]
    public void Of_two_numbers_it_is_fisher_z_to_the_order_of_one_over_n()
    {
        var golden = new GoldenDiscovery("g05");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(golden.Table, new());
        using var mixed = new MixedLikelihoodRatioTest(blocks, device);
        using var fisherZ = new FisherZTest(blocks, device);
        foreach (int[] question in (int[][])[[0, 1], [0, 2], [1, 3, 0], [2, 4, 0, 1], [1, 2, 0, 3, 4]])
        {
            double p = PValue(fisherZ, question);
            Assert.InRange(PValue(mixed, question), p - 0.01, p + 0.01);
        }
    }

    static Table Independent(int rows, int seed)
    {
        var random = new Random(1000 + seed);
        return new(
        [
            new("a", ColumnKind.Numeric, Numbers(), decimals: 6),
            new("b", ColumnKind.Categorical, Levels(3), ["x", "y", "z"]),
            new("c", ColumnKind.Categorical, Levels(5), ["p", "q", "r", "s", "t"]),
            new("d", ColumnKind.Numeric, Numbers(), decimals: 6),
            new("e", ColumnKind.Boolean, Levels(2), ["no", "yes"]),
        ]);

        double[] Numbers() => [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() + random.NextDouble() + random.NextDouble())];

        // Squaring makes the first levels more frequent than the last.
        double[] Levels(int count) => [.. Enumerable.Range(0, rows).Select(_ => Math.Floor(count * Math.Pow(random.NextDouble(), 1.5)))];
    }

    static double PValue(IIndependenceTest test, int[] question)
    {
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        var p = new double[1];
        test.PValues(query, p);
        return p[0];
    }
}
