using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Scm;

public class MissingMaskFacts
{
    const int Rows = 4000, Drawn = 40_000;

    // B is missing more often where A is large, C wherever B is, D at random.
    static readonly Lazy<(Table Real, StructuralCausalModel Scm)> Gaps = new(() =>
    {
        double[] a = Normals(Rows, 0), u = Uniforms(Rows, 1), v = Uniforms(Rows, 2);
        double[] b = Map(Map(a, u, (x, p) => p < 1 / (1 + Math.Exp(1 - 2 * x)) ? double.NaN : x), Normals(Rows, 3), (x, e) => x + e);
        double[] c = Map(b, Normals(Rows, 4), (x, e) => double.IsNaN(x) ? x : e), d = Map(v, p => p < 0.3 ? double.NaN : p);
        Column[] columns = [Numeric("A", a), Numeric("B", b), Numeric("C", c), Numeric("D", d)];
        return (new Table(columns), Fit("A --> B, C, D", columns));
    });

    [Fact]
    public void A_mask_that_depends_on_a_column_is_reproduced_as_it_depends()
    {
        var (real, scm) = Gaps.Value;
        Assert.Contains(new MaskCause(0, false), scm.Nodes[1].Missing.Causes);
        var sampled = scm.Sample(Drawn);
        foreach (var (low, high) in new[] { (-9.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (1.0, 9.0) })
        {
            double share = MissingShare(real, low, high), drawn = MissingShare(sampled, low, high);

            // Four standard errors of two shares of at least 600 and 6,000 rows, and a little for hinges.
            Assert.InRange(drawn, share - 0.1, share + 0.1);
        }

        static double MissingShare(Table table, double low, double high)
        {
            int[] rows = [.. Enumerable.Range(0, table.Rows).Where(r => table["A"].Values[r] >= low && table["A"].Values[r] < high)];
            return rows.Average(r => double.IsNaN(table["B"].Values[r]) ? 1.0 : 0);
        }
    }

    [Fact]
    public void Columns_that_are_missing_together_stay_missing_together()
    {
        var sampled = Gaps.Value.Scm.Sample(Drawn);
        int together = 0, either = 0;
        for (int row = 0; row < Drawn; row++)
        {
            bool b = double.IsNaN(sampled["B"].Values[row]), c = double.IsNaN(sampled["C"].Values[row]);
            together += b && c ? 1 : 0;
            either += b || c ? 1 : 0;
        }

        Assert.InRange(together / (double)either, 0.98, 1);
    }

    [Fact]
    public void A_mask_that_depends_on_nothing_stays_at_random()
    {
        var missing = Gaps.Value.Scm.Nodes[3].Missing;
        Assert.Null(missing.Gate);
        double share = Gaps.Value.Scm.Sample(Drawn)["D"].Values.ToArray().Average(v => double.IsNaN(v) ? 1.0 : 0);

        // Four standard errors of a share of 0.3 in 40,000 rows.
        Assert.InRange(share, missing.Share - 0.0092, missing.Share + 0.0092);
    }

    [Fact]
    public void Columns_that_say_nothing_about_gaps_are_rarely_taken_for_their_causes()
    {
        // Ten columns that are missing at random beside ten others: each mask is tested at 1 % over all of them, and then has
        // to predict; more than two of ten by chance would be a fault (Poisson of 0.1: 2e-4).
        var columns = Enumerable.Range(0, 10).Select(i => Numeric($"N{i}", Normals(1000, (uint)i)))
            .Concat(Enumerable.Range(10, 10).Select(i => Numeric($"G{i}", Map(Uniforms(1000, (uint)i), u => u < 0.2 ? double.NaN : u))));
        var scm = Fit("N0", [.. columns]);
        Assert.InRange(scm.Nodes.Count(node => node.Missing.Gate is not null), 0, 2);
    }
}
