using System.Diagnostics;
using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class PcConformanceFacts(ITestOutputHelper output)
{
    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20")]
    public void Pc_agrees_with_pcalg_stable_relaxed(string name)
    {
        var golden = new GoldenDiscovery(name);
        foreach (var stored in golden.Entries("pcalg", "pc").Where(e => e.GetProperty("skel_method").GetString() == "stable" && e.GetProperty("orient").GetString() == "relaxed"))
        {
            var result = Search(golden, stored, SeparatingSetRule.First, ColliderRule.Overwrite);

            Assert.Equal(golden.Cpdag(stored.GetProperty("endpoints")).ToString(), result.Graph.ToString());
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
        foreach (var stored in golden.Entries("causal-learn", "pc").Where(e => e.GetProperty("uc_rule").GetInt32() == 0 && e.GetProperty("uc_priority").GetInt32() == 2 && e.GetProperty("stable").GetBoolean()))
        {
            var result = Search(golden, stored, SeparatingSetRule.Union, ColliderRule.KeepFirst);

            Assert.Equal(golden.Cpdag(stored.GetProperty("endpoints")).ToString(), result.Graph.ToString());
        }
    }

    [Theory, InlineData("g05"), InlineData("g10"), InlineData("g20")]
    public void Pc_on_exact_correlations_returns_the_true_cpdag(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var fisherZ = new FisherZTest(golden.PopulationCorrelation(), 1000, device);

        var result = PcSearch.Run(new ExactCorrelation(fisherZ), golden.Variables, new() { MaxDepth = null }, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(golden.Cpdag(golden.Truth.GetProperty("true_cpdag")).ToString(), result.Graph.ToString());
    }

    PcResult Search(GoldenDiscovery golden, JsonElement stored, SeparatingSetRule sets, ColliderRule colliders)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(golden.Table, new());
        var watch = Stopwatch.StartNew();
        IIndependenceTest test = (stored.TryGetProperty("test", out var name) ? name.GetString() : "fisherz") switch
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
        var expected = golden.Cpdag(stored.GetProperty("endpoints"));
        Assert.Equal(expected.Edges.Select(Pair).Order(), result.Graph.Edges.Select(Pair).Order());
        return result;

        static (int, int) Pair(Edge edge) => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To));
    }

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
