using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class ContingencyConformanceFacts(ITestOutputHelper output)
{
    // Sums of a few hundred cells in another order.
    const double Tolerance = 1e-9;

    // A statistic this close to 0 is rounding: cells cancel to the last bits of counts up to 5,000.
    const double Rounding = 1e-9;

    public static TheoryData<string> Discrete => GoldenDiscovery.OfKind("discrete");

    [Theory, MemberData(nameof(Discrete))]
    public void Statistics_agree_with_causal_learn_and_bnlearn(string name)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var blocks = BlockEncoding.Of(golden.Table, new());
        using var gSquared = new GSquaredTest(blocks, device);
        using var chiSquare = new GSquaredTest(blocks, device, ContingencyStatistic.Pearson);
        Compare("causal-learn", "gsq", gSquared);
        Compare("causal-learn", "chisq", chiSquare);
        Compare("bnlearn", "mi-adf", gSquared);
        Compare("bnlearn", "x2-adf", chiSquare);

        void Compare(string program, string group, GSquaredTest test)
        {
            double worstStatistic = 0, worstP = 0;
            int entries = 0, guarded = 0;
            foreach (var entry in golden.Entries(program, $"ci.{group}"))
            {
                var query = ConformanceQueries.Of(entry);
                if (program == "bnlearn" && RowsPerCell(query[0]) < 5)
                {
                    // bnlearn's own guard: it does not look at tables this thin.
                    Assert.Equal(1, entry.GetProperty("p").GetDouble());
                    guarded++;
                    continue;
                }

                var (statistic, degrees) = test.Statistics(query)[0];
                var p = new double[1];
                test.PValues(query, p);
                Assert.Equal(entry.GetProperty("df").GetDouble(), degrees);
                if (degrees > 0 && statistic > Rounding)
                {
                    worstStatistic = Math.Max(worstStatistic, ConformanceQueries.RelativeError(statistic, entry.GetProperty("stat")));
                }

                worstP = Math.Max(worstP, ConformanceQueries.RelativeError(p[0], entry.GetProperty("p")));
                entries++;
            }

            output.WriteLine(
                $"{name} {program} {group}, {entries} tests, {guarded} guarded: " +
                $"largest relative error {worstStatistic:e1} of the statistic, {worstP:e1} of p");
            Assert.InRange(worstStatistic, 0, Tolerance);
            Assert.InRange(worstP, 0, Tolerance);
        }

        double RowsPerCell(ReadOnlySpan<int> variables)
        {
            double cells = 1;
            foreach (int variable in variables)
            {
                cells *= golden.Table.Columns[variable].Levels.Count;
            }

            return golden.Table.Rows / cells;
        }
    }
}
