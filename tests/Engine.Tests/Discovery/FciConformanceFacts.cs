using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciConformanceFacts(ITestOutputHelper output)
{
    [Fact]
    public void Explore()
    {
        foreach (string name in GoldenDiscovery.Names)
        {
            var golden = new GoldenDiscovery(name);
            if (!golden.Kind.StartsWith("gaussian", StringComparison.Ordinal) || golden.Kind == "gaussian_missing")
            {
                continue;
            }

            if (golden.Has("truth") && golden.Truth.TryGetProperty("true_pag", out var truth))
            {
                using var device = ComputeDevice.Open(DeviceKind.Cpu);
                using var fisherZ = new FisherZTest(golden.PopulationCorrelation(), 1000, device);
                foreach (var rule in new[] { PossibleDSepRule.OnPath })
                {
                    var watch = System.Diagnostics.Stopwatch.StartNew();
                    var pag = FciSearch.Run(new ExactCorrelation(fisherZ), golden.Variables, new() { MaxDepth = null, Fci = new() { PossibleDSep = rule } });
                    output.WriteLine($"{name} truth {rule}: {Differences(golden.Pag(truth), pag.Graph)} {watch.ElapsedMilliseconds} ms {pag.Queries}");
                }
            }

            foreach (var stored in golden.Entries("pcalg", "fci"))
            {
                if (!stored.TryGetProperty("pag", out var marks))
                {
                    continue;
                }

                string variant = stored.GetProperty("variant").GetString()!;
                using var device = ComputeDevice.Open(DeviceKind.Cpu);
                using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);
                var result = FciSearch.Run(test, golden.Variables, new()
                {
                    Alpha = stored.GetProperty("alpha").GetDouble(),
                    MaxDepth = null,
                    Algorithm = variant == "rfci" ? SearchAlgorithm.Rfci : SearchAlgorithm.Fci,
                    Fci = new() { PossibleDSep = variant == "noPdsep" ? PossibleDSepRule.None : PossibleDSepRule.All, Adaptive = variant == "adaptive" },
                });
                string sets = "";
                foreach (var set in stored.GetProperty("sepsets").EnumerateArray())
                {
                    int[] given = [.. set[2].EnumerateArray().Select(node => node.GetInt32()).Order()];
                    var ours = result.SeparatingSets.Of(set[0].GetInt32(), set[1].GetInt32());
                    if (ours is null || !ours.Given.SequenceEqual(given))
                    {
                        sets += $" {set} vs {string.Join(' ', ours?.Given ?? [-1])}";
                    }
                }

                output.WriteLine($"{name} pcalg {variant} {stored.GetProperty("alpha")}: {Differences(golden.Pag(marks), result.Graph)} | {result.Queries} {sets}");
            }
        }
    }

    static string Differences(Pag expected, Pag actual)
    {
        string[] ours = actual.ToString().Split(", "), theirs = expected.ToString().Split(", ");
        return ours.SequenceEqual(theirs) ? "equal" : $"ours {string.Join(", ", ours.Except(theirs))}; theirs {string.Join(", ", theirs.Except(ours))}";
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
