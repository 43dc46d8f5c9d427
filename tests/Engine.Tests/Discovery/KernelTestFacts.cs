using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class KernelTestFacts(ITestOutputHelper output)
{
    public static TheoryData<string> Nonlinear => GoldenDiscovery.OfKind("nonlinear");

    // causal-learn leaves out eigenvalues below 1e-5 of the largest when it computes the null moments: p moves by up to 7e-5.
    const double StatisticTolerance = 1e-6, PTolerance = 7e-5;

    [Theory, MemberData(nameof(Nonlinear))]
    public void Kci_agrees_with_causal_learn(string name)
    {
        var golden = new GoldenDiscovery(name);
        (string Setting, KernelOptions Options)[] settings =
        [
            ("empirical_gamma", new()),
            ("median_gamma", new() { Width = KernelWidth.Median }),
            ("linear_gamma", new() { Kernel = KernelKind.Linear }),
            ("poly_gamma", new() { Kernel = KernelKind.Polynomial }),
        ];
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (var (setting, options) in settings)
        {
            using var test = new KciTest(BlockEncoding.Of(golden.Table, new()), device, options);
            double worstStatistic = 0, worstP = 0, worstUnconditional = 0;
            foreach (var entry in golden.Entries("causal-learn", "ci.kci"))
            {
                int[] given = [.. entry.GetProperty("S").EnumerateArray().Select(node => node.GetInt32())];
                var query = new QueryBatch(given.Length);
                query.Add(entry.GetProperty("x").GetInt32(), entry.GetProperty("y").GetInt32(), given);
                var expected = entry.GetProperty(setting);
                double p = expected.GetProperty("p").GetDouble(), statistic = expected.GetProperty("stat").GetDouble();
                var actual = test.Statistics(query)[0];
                worstStatistic = Math.Max(worstStatistic, Math.Abs(actual.Statistic / statistic - 1));
                ref double worst = ref given.Length == 0 ? ref worstUnconditional : ref worstP;
                worst = Math.Max(worst, Math.Abs(actual.PValue - p));
            }

            output.WriteLine(
                $"{name} {setting}: statistic to {worstStatistic:e1} of itself, p to {worstUnconditional:e1} given nothing and {worstP:e1} given S");
            Assert.InRange(worstStatistic, 0, StatisticTolerance);
            Assert.InRange(worstUnconditional, 0, 1e-9);
            Assert.InRange(worstP, 0, PTolerance);
        }
    }

    [Theory, MemberData(nameof(Nonlinear))]
    public void Pc_with_kci_agrees_with_causal_learn(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new KciTest(BlockEncoding.Of(golden.Table, new()), device);
        var stored = golden.Entries("causal-learn", "pc").Single(pc => pc.GetProperty("test").GetString() == "kci");
        var rules = PcRules.CausalLearn(stored.GetProperty("uc_rule").GetInt32(), stored.GetProperty("uc_priority").GetInt32());

        var result = PcSearch.Run(
            test, golden.Variables, rules with { Alpha = stored.GetProperty("alpha").GetDouble(), MaxDepth = null },
            cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(golden.Cpdag(stored.GetProperty("endpoints")).ToString(), result.Graph.ToString());
    }

    [Theory, InlineData("kci", 150, 200), InlineData("rcot", 500, 400)]
    public void Of_independent_columns_about_one_in_twenty_is_rejected_at_one_in_twenty(string name, int rows, int repetitions)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        int[] marginal = [0, 0], given = [0, 0];
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            using var test = (IDisposable)Open(name, Fork(rows, 100 + repetition), device);
            double p = PValue(test, [2, 3]), pGiven = PValue(test, [0, 1, 2]);
            for (int i = 0; i < 2; i++)
            {
                marginal[i] += p < (i == 0 ? 0.05 : 0.01) ? 1 : 0;
                given[i] += pGiven < (i == 0 ? 0.05 : 0.01) ? 1 : 0;
            }
        }

        output.WriteLine($"{name}, {rows} rows, {repetitions} tables: {string.Join(", ", marginal)} at 0.05 and 0.01 given nothing, {string.Join(", ", given)} given S");

        // A binomial count lies within four deviations of its mean with probability 0.9999; KCI's gamma is known to be
        // conservative given S (Zhang et al. 2011, figure 2), so only the upper bound is asked of it there.
        foreach (int count in (int[])[marginal[0], given[0]])
        {
            Assert.InRange(count, name == "rcot" ? Bound(0.05, -4) : 0, Bound(0.05, 4));
        }

        foreach (int count in (int[])[marginal[1], given[1]])
        {
            Assert.InRange(count, 0, Bound(0.01, 4));
        }

        int Bound(double rate, double deviations) => (int)(repetitions * rate + deviations * Math.Sqrt(repetitions * rate * (1 - rate)));
    }

    [Theory, InlineData("kci"), InlineData("rcot")]
    public void Links_that_no_line_shows_are_found_and_explained(string name)
    {
        var random = new Random(8);
        const int Rows = 400;
        double[] x = [.. Enumerable.Range(0, Rows).Select(_ => 2 * random.NextDouble() - 1)];
        double[] z = [.. x.Select(value => value * value + 0.2 * (random.NextDouble() - 0.5))];
        double[] y = [.. z.Select(value => Math.Cos(4 * value) + 0.4 * (random.NextDouble() - 0.5))];
        string[] level = ["low", "high"];
        var table = new Table(
        [
            new("x", ColumnKind.Numeric, x, decimals: 6),
            new("z", ColumnKind.Numeric, z, decimals: 6),
            new("y", ColumnKind.Numeric, y, decimals: 6),
            new("flag", ColumnKind.Boolean, [.. x.Select(value => Math.Abs(value) < 0.5 ? 1.0 : 0)], level),
            new("constant", ColumnKind.Numeric, [.. x.Select(_ => 3.0)], decimals: 6),
            new("copy", ColumnKind.Numeric, z, decimals: 6),
        ]);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = (IDisposable)Open(name, table, device);

        Assert.InRange(PValue(test, [0, 1]), 0, 1e-6);    // a parabola
        Assert.InRange(PValue(test, [0, 2]), 0, 1e-6);    // a chain
        Assert.InRange(PValue(test, [0, 2, 1]), 0.01, 1); // and what blocks it
        Assert.InRange(PValue(test, [0, 3]), 0, 1e-6);    // a number and a flag
        Assert.Equal(1, PValue(test, [0, 4]));
        Assert.Equal(PValue(test, [0, 2, 1]), PValue(test, [2, 0, 1]));
        Assert.Equal(0, ((IIndependenceTest)test).Undecided);
        Assert.Equal(0, PValue(test, [0, 5, 1]));
        Assert.Equal(1, ((IIndependenceTest)test).Undecided);
    }

    [Theory, InlineData(TestChoice.Kci, "kci"), InlineData(TestChoice.Rcot, "rcot")]
    public void A_search_asks_them_about_columns_of_all_kinds(TestChoice choice, string name)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var table = Fork(300, 9);
        var mixed = new Table([.. table.Columns, new("sign", ColumnKind.Boolean, [.. Enumerable.Range(0, table.Rows).Select(row => table.Columns[3].Values[row] > 0 ? 1.0 : 0)], ["no", "yes"])]);

        var result = CausalDiscovery.Discover(
            mixed, new() { Test = choice }, device, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(name, result.TestName);
        Assert.Equal(["x --- z", "y --- z", "d --- sign"], result.Graph.Edges.Select(edge =>
            $"{mixed.Columns[Math.Min(edge.From, edge.To)].Name} --- {mixed.Columns[Math.Max(edge.From, edge.To)].Name}"));
    }

    [Fact]
    public void Kci_refuses_more_rows_than_it_can_compare()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var fault = Assert.Throws<InputException>(() => Open("kci", Fork(5001, 1), device));
        Assert.Contains("use rcot", fault.Message, StringComparison.Ordinal);
    }

    // x <-- z --> y, both curved, and d beside them.
    static Table Fork(int rows, int seed)
    {
        var random = new Random(seed);
        double[] z = [.. Enumerable.Range(0, rows).Select(_ => 2 * random.NextDouble() - 1)];
        return new(
        [
            new("x", ColumnKind.Numeric, [.. z.Select(value => Math.Sin(3 * value) + Noise())], decimals: 6),
            new("y", ColumnKind.Numeric, [.. z.Select(value => value * value + Noise())], decimals: 6),
            new("z", ColumnKind.Numeric, z, decimals: 6),
            new("d", ColumnKind.Numeric, [.. z.Select(_ => Noise())], decimals: 6),
        ]);

        double Noise() => random.NextDouble() + random.NextDouble() - 1;
    }

    static IIndependenceTest Open(string name, Table table, ComputeDevice device)
    {
        var blocks = BlockEncoding.Of(table, new());
        return name == "kci" ? new KciTest(blocks, device) : new RcotTest(blocks, device);
    }

    static double PValue(IDisposable test, int[] question)
    {
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        var p = new double[1];
        ((IIndependenceTest)test).PValues(query, p);
        return p[0];
    }
}
