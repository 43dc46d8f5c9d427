using System.Text.Json;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>FCI and RFCI against the PAGs that pcalg stored, and against the true ones.</summary>
public class FciConformanceFacts(ITestOutputHelper output)
{
    public static TheoryData<string> WithPags => [.. GoldenDiscovery.Names.Where(name => new GoldenDiscovery(name).Entries("pcalg", "fci").Any())];

    public static TheoryData<string> WithHiddenCauses => GoldenDiscovery.OfKind("gaussian_latent");

    [Theory, MemberData(nameof(WithPags))]
    public void Graphs_are_those_of_pcalg(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var table = new ConformanceTable(output, name, "pcalg");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (var stored in golden.Entries("pcalg", "fci").Where(entry => entry.TryGetProperty("pag", out _)))
        {
            string variant = stored.GetProperty("variant").GetString()!;
            double alpha = stored.GetProperty("alpha").GetDouble();

            var result = Run(golden, Rules(variant) with { Alpha = alpha }, device);

            table.Compare($"fci {variant} alpha {alpha}", golden.Pag(stored.GetProperty("pag")), result.Graph);
            if (variant is not ("normal_maj" or "normal_cons"))
            {
                SameSeparatingSets(stored, result);
            }
        }
    }

    // What causal-learn does after the skeleton depends on the order of hashes (docs/numerics.md): its PAGs are shown beside
    // ours, its skeletons before possible-d-sep are held to.
    [Theory, MemberData(nameof(WithPags))]
    public void Skeletons_before_possible_d_sep_are_those_of_causal_learn(string name)
    {
        var golden = new GoldenDiscovery(name);
        var table = new ConformanceTable(output, name, "causal-learn");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (var stored in golden.Entries("causal-learn", "fci"))
        {
            string test = stored.GetProperty("test").GetString()!;
            var kind = test == "chisq" ? ContingencyStatistic.Pearson : ContingencyStatistic.LikelihoodRatio;
            var options = Rules("noPdsep") with
            {
                Alpha = stored.GetProperty("alpha").GetDouble(),
                SeparatingSets = SeparatingSetRule.Union,
            };
            var blocks = BlockEncoding.Of(golden.Table, new());
            IIndependenceTest asked = test == "fisherz" ? new FisherZTest(blocks, device) : new GSquaredTest(blocks, device, kind);
            using var _ = (IDisposable)asked;

            var pag = FciSearch.Run(asked, golden.Variables, options, cancellation: TestContext.Current.CancellationToken).Graph;

            var skeleton = stored.GetProperty("fas_skeleton");
            for (int x = 0; x < pag.Count; x++)
            {
                for (int y = 0; y < x; y++)
                {
                    Assert.Equal(skeleton[x][y].GetInt32() != 0, pag.AreAdjacent(x, y));
                }
            }

            var (here, there) = (pag.Edges.ToHashSet(), golden.Pag(stored.GetProperty("pag")).Edges.ToHashSet());
            table.Write(
                $"fci {test} alpha {options.Alpha} (advisory)",
                $"{there.Count(here.Contains)} of {there.Count} edges with the same marks, without possible-d-sep {here.Count} edges");
        }
    }

    [Theory, MemberData(nameof(WithHiddenCauses))]
    public void Exact_correlations_give_the_true_pag(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var fisherZ = new FisherZTest(golden.PopulationCorrelation(), 1000, device);
        foreach (string variant in (ReadOnlySpan<string>)["normal", "onPath"])
        {
            // All subsets of all of possible-d-sep are 5 million questions on 20 variables: one at a time, seconds.
            if (variant == "normal" && golden.Variables.Length > 12)
            {
                continue;
            }

            var result = FciSearch.Run(
                new PcConformanceFacts.ExactCorrelation(fisherZ), golden.Variables, Rules(variant),
                cancellation: TestContext.Current.CancellationToken);

            Assert.Equal(golden.Pag(golden.Truth.GetProperty("true_pag")).ToString(), result.Graph.ToString());
        }
    }

    static FciResult Run(GoldenDiscovery golden, DiscoveryOptions options, ComputeDevice device)
    {
        var blocks = BlockEncoding.Of(golden.Table, new());
        if (golden.Kind != "discrete")
        {
            using var fisherZ = new FisherZTest(blocks, device);
            return FciSearch.Run(fisherZ, golden.Variables, options, cancellation: TestContext.Current.CancellationToken);
        }

        using var gSquared = new GSquaredTest(blocks, device);
        return FciSearch.Run(
            new PcConformanceFacts.FullTable(gSquared, golden.Table), golden.Variables, options,
            cancellation: TestContext.Current.CancellationToken);
    }

    // What each variant of pcalg's fci and rfci comes to.
    static DiscoveryOptions Rules(string variant) => new()
    {
        MaxDepth = null,
        Algorithm = variant == "rfci" ? SearchAlgorithm.Rfci : SearchAlgorithm.Fci,
        Triples = variant switch
        {
            "normal_maj" => TripleRule.Majority,
            "normal_cons" => TripleRule.Conservative,
            _ => TripleRule.Standard,
        },
        Fci = new()
        {
            MaxPossibleDSepDepth = null,
            Adaptive = variant == "adaptive",
            BeyondNeighbours = BeyondNeighboursRule.Collider,
            PossibleDSep = variant switch
            {
                "noPdsep" => PossibleDSepRule.None,
                "onPath" => PossibleDSepRule.OnPath,
                _ => PossibleDSepRule.All,
            },
        },
    };

    // Stored once for each direction that found it, in the order of finding.
    static void SameSeparatingSets(JsonElement stored, FciResult result)
    {
        foreach (var set in stored.GetProperty("sepsets").EnumerateArray())
        {
            int[] given = [.. set[2].EnumerateArray().Select(node => node.GetInt32()).Order()];
            Assert.Equal(given, result.SeparatingSets.Of(set[0].GetInt32(), set[1].GetInt32())!.Given);
        }
    }
}
