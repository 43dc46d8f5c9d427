using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Scm;

public class CounterfactualsFacts
{
    const int Rows = 3000;

    [Fact]
    public void A_linear_model_moves_each_row_by_the_causes_change_and_keeps_its_noise()
    {
        double[] a = Normals(Rows, 0), b = Map(a, Normals(Rows, 1), (x, e) => 2 * x + e), c = Map(Map(a, b, (x, y) => x - y), Normals(Rows, 2), (f, e) => f + e);
        var rows = new Table([Numeric("A", a), Numeric("B", b), Numeric("C", c)]);
        var scm = Fit("A --> B, A --> C, B --> C", [.. rows.Columns]);
        var result = Counterfactuals.Compute(scm, rows, new Dictionary<int, double> { [0] = 0.5 }, 1);
        Assert.Equal(["B", "C"], result.Changed);
        Assert.Empty(result.Drawn);
        var (spreadA, spreadB, spreadC) = (Math.Sqrt(Variance(a)), Math.Sqrt(Variance(b)), Math.Sqrt(Variance(c)));
        var (onB, onC) = ((AdditiveNoiseModel)scm.Nodes[1].Mechanism, (AdditiveNoiseModel)scm.Nodes[2].Mechanism);
        double slopeB = onB.Predictor.Terms.Single().Weights[0] * spreadB / spreadA;
        double directC = onC.Predictor.Terms[0].Weights[0] * spreadC / spreadA, viaB = onC.Predictor.Terms[1].Weights[0] * spreadC / spreadB;
        for (int row = 0; row < Rows; row++)
        {
            double change = 0.5 - a[row], moved = result.Table["B"].Values[row] - b[row];
            if (Math.Abs(change) < 1.5 && Math.Abs(b[row]) < 3 && Math.Abs(c[row]) < 2)
            {
                // Inside the support, where neither f nor X is held back.
                Assert.Equal(slopeB * change, moved, 9);
                Assert.Equal(directC * change + viaB * moved, result.Table["C"].Values[row] - c[row], 9);
            }
        }
    }

    [Fact]
    public void What_is_set_to_what_it_was_changes_nothing()
    {
        var (scm, rows) = EveryMechanism();
        var only = rows.Select([5]);
        var result = Counterfactuals.Compute(scm, only, new Dictionary<int, double> { [0] = only["A"].Values[0] }, 1);
        Assert.Equal(only.Cells(), result.Table.Cells());
    }

    [Fact]
    public void Columns_that_are_not_caused_by_what_is_set_keep_their_cells()
    {
        var (scm, rows) = EveryMechanism();
        var result = Counterfactuals.Compute(scm, rows, new Dictionary<int, double> { [scm.IndexOf("S")] = 2 }, 1);
        foreach (string name in new[] { "A", "K", "Y", "H" })
        {
            Assert.Equal(rows[name].Values.ToArray(), result.Table[name].Values.ToArray());
        }

        Assert.Equal(["N"], result.Changed);
    }

    [Fact]
    public void Noise_that_cells_leave_open_gives_the_interventional_distribution()
    {
        // Rows that the model itself drew: their noise is of the model, so the counterfactual rows are distributed as do(A = 1).
        var (scm, _) = EveryMechanism();
        var rows = scm.Sample(8000);
        var result = Counterfactuals.Compute(scm, rows, new Dictionary<int, double> { [0] = 1 }, 3);
        Assert.Contains("Y", result.Drawn);
        var constant = new double[400];
        Array.Fill(constant, 1);
        var fixedA = scm.With("A", new EmpiricalDistribution([1]), []);
        var nodes = fixedA.Nodes.ToArray();
        nodes[0] = nodes[0] with { Support = new ValueList([1], [(1 - ((ValueRange)scm.Nodes[0].Support).Centre) / ((ValueRange)scm.Nodes[0].Support).Spread]) };
        var intervened = new StructuralCausalModel(nodes).Sample(8000, seed: 77);
        foreach (string name in new[] { "S", "N", "Y", "H" })
        {
            // 1.95 √(2/8000) = 0.031 is passed by chance once in a thousand for each column.
            Assert.InRange(Distance(result.Table[name].Values.ToArray(), intervened[name].Values.ToArray()), 0, 0.031);
        }
    }

    [Fact]
    public void A_row_does_not_depend_on_the_others_and_the_seed_draws()
    {
        var (scm, rows) = EveryMechanism();
        var settings = new Dictionary<int, double> { [0] = -1 };
        var all = Counterfactuals.Compute(scm, rows, settings, 1).Table;
        Assert.Equal(all.Select([0, 1, 2]).Cells(), Counterfactuals.Compute(scm, rows.Select([0, 1, 2]), settings, 1).Table.Cells());
        Assert.NotEqual(all.Cells(), Counterfactuals.Compute(scm, rows, settings, 2).Table.Cells());
    }

    [Fact]
    public void Missing_cells_stay_missing_and_so_do_those_that_depend_on_them()
    {
        var (scm, rows) = EveryMechanism();
        double[] a = rows["A"].Values.ToArray(), s = rows["S"].Values.ToArray();
        (a[0], s[1]) = (double.NaN, double.NaN);
        var gaps = new Table([.. rows.Columns.Select(column => column.Name == "A" ? Numeric("A", a) : column.Name == "S" ? Numeric("S", s) : column)]);
        var table = Counterfactuals.Compute(scm, gaps, new Dictionary<int, double> { [0] = 1 }, 1).Table;
        Assert.True(double.IsNaN(table["S"].Values[0]) && double.IsNaN(table["S"].Values[1]) && double.IsNaN(table["N"].Values[1]));
        Assert.False(double.IsNaN(table["S"].Values[2]));
    }

    [Fact]
    public void An_unknown_level_is_one_sentence()
    {
        var (scm, rows) = EveryMechanism();
        var other = new Table([.. rows.Columns.Select(column => column.Name == "K"
            ? new Column("K", ColumnKind.Categorical, new double[rows.Rows], ["purple"]) : column)]);
        var fault = Assert.Throws<InputException>(() => Counterfactuals.Compute(scm, other, new Dictionary<int, double> { [0] = 1 }, 1));
        Assert.Contains("'purple'", fault.Message, StringComparison.Ordinal);
    }

    static (StructuralCausalModel Scm, Table Rows) EveryMechanism()
    {
        double[] a = Normals(Rows, 0), u = Uniforms(Rows, 1), k = Map(u, v => Math.Floor(3 * v));
        double[] s = Map(a, Normals(Rows, 2), (x, e) => Math.Exp(0.4 * x + 0.8 * e)), n = Map(s, Normals(Rows, 3), (x, e) => Math.Round(20 * Math.Exp(0.2 * x + 0.3 * e)));
        double[] y = Map(Map(a, k, (x, j) => x + j), Uniforms(Rows, 4), (f, p) => p < 1 / (1 + Math.Exp(1 - f)) ? 1 : 0);
        double[] h = Map(a, Normals(Rows, 5), (x, e) => x + e < 0 ? 0 : Math.Round(x + e, 2));
        var rows = new Table([Numeric("A", a), Categorical("K", k, 3), Numeric("S", s), Integer("N", n), Categorical("Y", y, 2), Numeric("H", h, 2)]);
        return (Fit("A --> S, S --> N, A --> Y, K --> Y, A --> H", [.. rows.Columns]), rows);
    }
}
