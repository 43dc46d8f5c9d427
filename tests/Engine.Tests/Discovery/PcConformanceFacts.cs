using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>PC against what pcalg, causal-learn, bnlearn and Tetrad stored, under the rules that each of them has.</summary>
public class PcConformanceFacts(ITestOutputHelper output)
{
    public static TheoryData<string> Tabular => GoldenDiscovery.OfKind("gaussian", "gaussian_latent", "nonlinear", "discrete");

    public static TheoryData<string> Numeric => GoldenDiscovery.OfKind("gaussian", "gaussian_latent", "nonlinear");

    public static TheoryData<string> Gaussian => GoldenDiscovery.OfKind("gaussian");

    [Theory, MemberData(nameof(Tabular))]
    public void Graphs_are_those_of_pcalg(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var table = new ConformanceTable(output, name, "pcalg");
        foreach (var stored in golden.Entries("pcalg", "pc"))
        {
            string skeleton = stored.GetProperty("skel_method").GetString()!, orient = stored.GetProperty("orient").GetString()!;
            if (skeleton == "original")
            {
                // Depends on the order of columns in a way that nobody would want back.
                continue;
            }

            var result = Run(golden, golden.Kind == "discrete" ? TestOf.FullTable : TestOf.FisherZ, stored, PcRules.Pcalg(orient));
            string setting = $"{skeleton} {orient}";
            table.Compare(setting, golden.Pag(stored.GetProperty("endpoints")), result.Graph);
            if (setting == "stable relaxed")
            {
                SameSeparatingSets(stored, result);
            }
        }
    }

    [Theory, MemberData(nameof(Tabular))]
    public void Graphs_are_those_of_causal_learn(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var table = new ConformanceTable(output, name, "causal-learn");
        foreach (var stored in golden.Entries("causal-learn", "pc"))
        {
            string test = stored.GetProperty("test").GetString()!;
            int rule = stored.GetProperty("uc_rule").GetInt32(), priority = stored.GetProperty("uc_priority").GetInt32();
            if (test == "kci")
            {
                continue;
            }

            var kind = test switch { "gsq" => TestOf.GSquared, "chisq" => TestOf.ChiSquare, _ => TestOf.RoundedFisherZ };
            var result = Run(golden, kind, stored, PcRules.CausalLearn(rule, priority));
            string setting = $"{test} alpha {stored.GetProperty("alpha").GetDouble()} uc_rule {rule} uc_priority {priority}";
            table.Compare(setting, golden.Pag(stored.GetProperty("endpoints")), result.Graph);
        }
    }

    // How the two orient is their own; what they join is what everybody joins.
    [Theory, MemberData(nameof(Numeric))]
    public void Skeletons_are_those_of_bnlearn_and_Tetrad(string name)
    {
        var golden = new GoldenDiscovery(name);
        Compare("bnlearn", "zf", _ => "zf");
        Compare("tetrad", "fisherz", entry => $"{entry.GetProperty("collider")} {entry.GetProperty("bidirected")}");

        void Compare(string program, string test, Func<JsonElement, string> setting)
        {
            using var table = new ConformanceTable(output, name, program);
            foreach (var stored in golden.Entries(program, "pc").Where(entry => entry.GetProperty("test").GetString() == test))
            {
                var graph = Run(golden, TestOf.FisherZ, stored, new()).Graph;
                table.CompareSkeletons(setting(stored), golden.Pag(stored.GetProperty("endpoints")), graph);
            }
        }
    }

    [Theory, MemberData(nameof(Gaussian))]
    public void Exact_correlations_give_the_true_cpdag_under_every_rule(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var fisherZ = new FisherZTest(golden.PopulationCorrelation(), 1000, device);
        var truth = golden.Cpdag(golden.Truth.GetProperty("true_cpdag"));
        foreach (var options in PcRules.All)
        {
            var result = PcSearch.Run(
                new ExactCorrelation(fisherZ), golden.Variables, options, cancellation: TestContext.Current.CancellationToken);

            Assert.Equal(truth.ToString(), result.Graph.ToString());
            Assert.Empty(result.AmbiguousTriples);
        }
    }

    enum TestOf
    {
        FisherZ,

        // causal-learn takes p from 1 − Φ(z), so that what lies below 1e-16 is 0, and what lies close is rounded.
        RoundedFisherZ,
        GSquared,
        ChiSquare,

        // pcalg's disCItest: all cells of the full table count, and p is 1 on a table of fewer than 10 rows a degree of freedom
        // and (by a slip: it stratifies by x) given 5 variables or more.
        FullTable,
    }

    static PcResult Run(GoldenDiscovery golden, TestOf kind, JsonElement stored, DiscoveryOptions rules)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(golden.Table, new());
        IIndependenceTest test = kind switch
        {
            TestOf.GSquared or TestOf.FullTable => new GSquaredTest(blocks, device),
            TestOf.ChiSquare => new GSquaredTest(blocks, device, ContingencyStatistic.Pearson),
            _ => new FisherZTest(blocks, device),
        };
        using var _ = (IDisposable)test;
        test = kind switch
        {
            TestOf.RoundedFisherZ => new Rounded(test),
            TestOf.FullTable => new FullTable((GSquaredTest)test, golden.Table),
            _ => test,
        };
        var options = rules with { Alpha = stored.GetProperty("alpha").GetDouble(), MaxDepth = null };
        return PcSearch.Run(test, golden.Variables, options, cancellation: TestContext.Current.CancellationToken);
    }

    static void SameSeparatingSets(JsonElement stored, PcResult result)
    {
        foreach (var set in stored.GetProperty("sepsets").EnumerateArray())
        {
            int[] given = [.. set[2].EnumerateArray().Select(node => node.GetInt32())];
            Assert.Equal(given, result.SeparatingSets.Of(set[0].GetInt32(), set[1].GetInt32())!.Given);
        }

        Assert.Equal(stored.GetProperty("sepsets").GetArrayLength(), result.SeparatingSets.All.Count);
    }

    internal sealed class ExactCorrelation(FisherZTest fisherZ) : IIndependenceTest
    {
        public string Name => "exact";

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            fisherZ.PartialCorrelations(queries, pValues);
            foreach (ref double value in pValues[..queries.Count])
            {
                value = Math.Abs(value) < 1e-9 ? 1 : 0;
            }
        }
    }

    internal sealed class Rounded(IIndependenceTest test) : IIndependenceTest
    {
        public string Name => test.Name;

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            test.PValues(queries, pValues);
            foreach (ref double value in pValues[..queries.Count])
            {
                value = 2 * (1 - (1 - value / 2));
            }
        }
    }

    internal sealed class FullTable(GSquaredTest test, Table table) : IIndependenceTest
    {
        public string Name => test.Name;

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            var results = test.Statistics(queries);
            for (int query = 0; query < queries.Count; query++)
            {
                double degrees = 1;
                for (int i = 0; i < queries[query].Length; i++)
                {
                    degrees *= table.Columns[queries[query][i]].Levels.Count - (i < 2 ? 1 : 0);
                }

                pValues[query] = queries.Depth >= 5 || table.Rows < 10 * degrees ? 1 : TailProbability.ChiSquare(results[query].Statistic, (int)degrees);
            }
        }
    }
}
