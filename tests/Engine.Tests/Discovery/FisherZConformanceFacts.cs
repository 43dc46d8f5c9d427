using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FisherZConformanceFacts(ITestOutputHelper output)
{
    // Sums over 500 to 5,000 rows in another order differ by about 1e-15 · √n.
    const double Tolerance = 1e-9;

    public static TheoryData<string> Gaussian => GoldenDiscovery.OfKind("gaussian", "gaussian_latent", "nonlinear");

    [Theory, MemberData(nameof(Gaussian))]
    public void Statistics_agree_with_causal_learn_pcalg_and_bnlearn(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);

        // bnlearn's zf and pcalg's stat are z with its sign, causal-learn's is its size.
        Compare("causal-learn", "fisherz", r: "r", p: "p_sf");
        Compare("pcalg", "gaussCItest", r: "pcor", p: "p");
        Compare("bnlearn", "zf", r: null, p: "p");

        void Compare(string program, string group, string? r, string p)
        {
            using var table = new ConformanceTable(output, name, program);
            double worstR = 0, worstZ = 0, worstP = 0;
            int entries = 0;
            foreach (var entry in golden.Entries(program, $"ci.{group}"))
            {
                var query = ConformanceQueries.Of(entry);
                var answer = new double[1];
                test.PartialCorrelations(query, answer);
                double z = Math.Sqrt(golden.Table.Rows - query.Depth - 3) * Math.Abs(Math.Atanh(answer[0]));
                worstR = r is null ? 0 : Math.Max(worstR, ConformanceQueries.RelativeError(answer[0], entry.GetProperty(r)));
                worstZ = Math.Max(worstZ, ConformanceQueries.RelativeError(z, Math.Abs(entry.GetProperty("stat").GetDouble())));
                test.PValues(query, answer);
                worstP = Math.Max(worstP, ConformanceQueries.RelativeError(answer[0], entry.GetProperty(p)));
                entries++;
            }

            if (entries > 0)
            {
                table.Write(group, $"{entries} tests, relative error at most {worstR:0.0e-0} of r, {worstZ:0.0e-0} of z, {worstP:0.0e-0} of p");
            }

            Assert.InRange(worstR, 0, Tolerance);
            Assert.InRange(worstZ, 0, Tolerance);
            Assert.InRange(worstP, 0, Tolerance);
        }
    }
}
