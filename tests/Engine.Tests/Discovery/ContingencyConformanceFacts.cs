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
    public void Statistics_agree_with_causal_learn_bnlearn_and_pcalg(string name)
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
        Compare("bnlearn", "mi", gSquared);
        Compare("bnlearn", "x2", chiSquare);
        Compare("pcalg", "disCItest", gSquared);

        void Compare(string program, string group, GSquaredTest test)
        {
            using var table = new ConformanceTable(output, name, program);
            double worstStatistic = 0, worstP = 0;
            int entries = 0, guarded = 0;
            foreach (var entry in golden.Entries(program, $"ci.{group}"))
            {
                var query = ConformanceQueries.Of(entry);
                if (Refuses(program, group, query[0]))
                {
                    Assert.Equal(1, entry.GetProperty("p").GetDouble());
                    guarded++;
                    continue;
                }

                var (statistic, degrees) = test.Statistics(query)[0];
                var p = new double[1];
                test.PValues(query, p);
                if (group is "mi" or "x2" or "disCItest")
                {
                    // These count every cell of the table, whether a row could fall there or not.
                    degrees = (int)Product(query[0], less: 1);
                    p[0] = TailProbability.ChiSquare(statistic, degrees);
                }

                if (entry.TryGetProperty("df", out var df))
                {
                    Assert.Equal(df.GetDouble(), degrees);
                }

                if (degrees > 0 && statistic > Rounding && entry.TryGetProperty("stat", out var expected))
                {
                    worstStatistic = Math.Max(worstStatistic, ConformanceQueries.RelativeError(statistic, expected));
                }

                worstP = Math.Max(worstP, ConformanceQueries.RelativeError(p[0], entry.GetProperty("p")));
                entries++;
            }

            table.Write(
                group,
                $"{entries} tests ({guarded} it refuses), relative error at most {worstStatistic:0.0e-0} of the statistic, {worstP:0.0e-0} of p");
            Assert.InRange(worstStatistic, 0, Tolerance);
            Assert.InRange(worstP, 0, Tolerance);
        }

        // bnlearn's -adf tests do not look at tables of fewer than 5 rows a cell, pcalg's not at fewer than 10 a degree of
        // freedom; and given 5 variables or more pcalg's gSquareDis stratifies by x in their place, so that x decides y.
        bool Refuses(string program, string group, ReadOnlySpan<int> variables) =>
            (group.EndsWith("-adf", StringComparison.Ordinal) && golden.Table.Rows < 5 * Product(variables, less: 0))
            || (program == "pcalg" && (golden.Table.Rows < 10 * Product(variables, less: 1) || variables.Length - 2 >= 5));

        // The levels of all variables multiplied, of x and y some fewer.
        double Product(ReadOnlySpan<int> variables, int less)
        {
            double product = 1;
            for (int i = 0; i < variables.Length; i++)
            {
                product *= golden.Table.Columns[variables[i]].Levels.Count - (i < 2 ? less : 0);
            }

            return product;
        }
    }
}
