using System.Diagnostics;
using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class ConformanceFacts(ITestOutputHelper output)
{
    // Sums over 500 to 2,000 rows in another order differ by about 1e-15 · √n; p in the far tail multiplies that by z².
    const double Tolerance = 1e-9;

    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20")]
    public void Fisher_z_agrees_with_causal_learn_and_pcalg(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);
        double worstR = 0, worstP = 0;
        foreach (var entry in golden.Json.GetProperty("fisherz").EnumerateArray())
        {
            var query = Query(entry);
            var answer = new double[1];
            test.PartialCorrelations(query, answer);
            worstR = Math.Max(worstR, RelativeError(answer[0], entry.GetProperty("r").GetDouble()));
            test.PValues(query, answer);
            worstP = Math.Max(worstP, RelativeError(answer[0], entry.GetProperty("p").GetDouble()));
        }

        output.WriteLine($"{name} fisherz: largest relative error {worstR:e1} of r, {worstP:e1} of p");
        Assert.InRange(worstR, 0, Tolerance);
        Assert.InRange(worstP, 0, Tolerance);
    }

    [Theory, InlineData("gsq"), InlineData("chisq")]
    public void Contingency_statistics_agree_with_causal_learn(string test)
    {
        var golden = new GoldenDiscovery("d_asia");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var discrete = new GSquaredTest(
            BlockEncoding.Of(golden.Table, new()), device,
            test == "gsq" ? ContingencyStatistic.LikelihoodRatio : ContingencyStatistic.Pearson);
        double worstStatistic = 0, worstP = 0;
        foreach (var entry in golden.Json.GetProperty(test).EnumerateArray())
        {
            var query = Query(entry);
            var (statistic, degrees) = discrete.Statistics(query)[0];
            var p = new double[1];
            discrete.PValues(query, p);
            Assert.Equal(entry.GetProperty("df").GetInt32(), degrees);
            if (degrees > 0)
            {
                worstStatistic = Math.Max(worstStatistic, RelativeError(statistic, entry.GetProperty("stat").GetDouble()));
            }

            worstP = Math.Max(worstP, RelativeError(p[0], entry.GetProperty("p").GetDouble()));
        }

        output.WriteLine($"d_asia {test}: largest relative error {worstStatistic:e1} of the statistic, {worstP:e1} of p");
        Assert.InRange(worstStatistic, 0, Tolerance);
        Assert.InRange(worstP, 0, Tolerance);
    }

    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20")]
    public void Pc_agrees_with_pcalg_stable_relaxed(string name)
    {
        var golden = new GoldenDiscovery(name);
        foreach (var stored in golden.Json.GetProperty("pcalg").EnumerateArray())
        {
            var result = Search(golden, stored, SeparatingSetRule.First, ColliderRule.Overwrite);

            Assert.Equal(golden.Graph(stored.GetProperty("endpoints")).ToString(), result.Graph.ToString());
            foreach (var set in stored.GetProperty("sepsets").EnumerateArray())
            {
                int[] given = [.. set[2].EnumerateArray().Select(node => node.GetInt32())];
                Assert.Equal(given, result.SeparatingSets.Of(set[0].GetInt32(), set[1].GetInt32())!.Given);
            }

            Assert.Equal(stored.GetProperty("sepsets").GetArrayLength(), result.SeparatingSets.All.Count);
        }
    }

    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20"), InlineData("d_asia")]
    public void Pc_agrees_with_causal_learn_stable(string name)
    {
        var golden = new GoldenDiscovery(name);
        foreach (var stored in golden.Json.GetProperty("causal_learn").EnumerateArray())
        {
            var result = Search(golden, stored, SeparatingSetRule.Union, ColliderRule.KeepFirst);

            Assert.Equal(golden.Graph(stored.GetProperty("endpoints")).ToString(), result.Graph.ToString());
        }
    }

    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20")]
    public void Pc_on_exact_correlations_returns_the_true_cpdag(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var fisherZ = new FisherZTest(golden.PopulationCorrelation(), 1000, device);

        var result = PcSearch.Run(new ExactCorrelation(fisherZ), golden.Variables, new() { MaxDepth = null }, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(golden.Graph(golden.Json.GetProperty("true_cpdag")).ToString(), result.Graph.ToString());
    }

    PcResult Search(GoldenDiscovery golden, JsonElement stored, SeparatingSetRule sets, ColliderRule colliders)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(golden.Table, new());
        var watch = Stopwatch.StartNew();
        IIndependenceTest test = stored.GetProperty("test").GetString() switch
        {
            "gsq" => new GSquaredTest(blocks, device),
            "chisq" => new GSquaredTest(blocks, device, ContingencyStatistic.Pearson),
            _ => new FisherZTest(blocks, device),
        };
        using var _ = (IDisposable)test;
        var options = new DiscoveryOptions
        {
            Alpha = stored.GetProperty("alpha").GetDouble(),
            MaxDepth = null,
            SeparatingSets = sets,
            Colliders = colliders,
        };
        var result = PcSearch.Run(test, golden.Variables, options, cancellation: TestContext.Current.CancellationToken);
        output.WriteLine($"{golden.Table.Columns.Count} columns, {test.Name} {sets}: {result.Queries} tests, {watch.Elapsed.TotalMilliseconds:0.0} ms");

        // Skeletons are the same in all programs, whatever happens to colliders.
        var expected = golden.Graph(stored.GetProperty("endpoints"));
        Assert.Equal(expected.Edges.Select(Pair).Order(), result.Graph.Edges.Select(Pair).Order());
        return result;

        static (int, int) Pair(Edge edge) => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To));
    }

    static QueryBatch Query(JsonElement entry)
    {
        int[] given = [.. entry.GetProperty("S").EnumerateArray().Select(node => node.GetInt32())];
        var query = new QueryBatch(given.Length);
        query.Add(entry.GetProperty("x").GetInt32(), entry.GetProperty("y").GetInt32(), given);
        return query;
    }

    static double RelativeError(double actual, double expected) =>
        actual == expected ? 0 : Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-300);

    sealed class ExactCorrelation(FisherZTest fisherZ) : IIndependenceTest
    {
        public string Name => "exact";

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            fisherZ.PartialCorrelations(queries, pValues);
            foreach (ref double value in pValues)
            {
                value = Math.Abs(value) < 1e-9 ? 1 : 0;
            }
        }
    }
}
