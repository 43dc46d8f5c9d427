using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class LogisticRegressionFacts
{
    [Fact]
    public void Its_gradient_vanishes_by_the_definition_even_on_columns_of_very_different_scales()
    {
        const int Rows = 300;
        double[] x = Normals(Rows, 1), y = Map(Normals(Rows, 2), v => 1000 * v), noise = Normals(Rows, 3);
        bool[] labels = [.. Enumerable.Range(0, Rows).Select(i => x[i] - 0.002 * y[i] + noise[i] > 0.3)];
        double[] features = [.. Enumerable.Range(0, Rows).SelectMany(i => new[] { x[i], y[i] })];
        double[] p = LogisticRegression.Fit(features, 2, labels).Probabilities(features);

        // Σ (p − y) = 0 for the intercept, and Σ (p − y) x = −w. The weight is read off two rows that differ in x only.
        double[] at = LogisticRegression.Fit(features, 2, labels).Probabilities([0, 0, 1, 0, 0, 1]);
        double Logit(double q) => Math.Log(q / (1 - q));
        double[] residuals = [.. p.Select((q, i) => q - (labels[i] ? 1 : 0))];
        Assert.Equal(0, residuals.Sum(), 1e-3);
        Assert.Equal(-(Logit(at[1]) - Logit(at[0])), residuals.Zip(x, (r, v) => r * v).Sum(), 1e-3);
        Assert.Equal(0, residuals.Zip(y, (r, v) => r * v / 1000).Sum(), 1e-3);
    }

    [Fact]
    public void Rows_that_a_line_separates_get_finite_probabilities_on_the_right_side()
    {
        double[] p = LogisticRegression.Fit([-2, -1, 1, 2], 1, [false, false, true, true]).Probabilities([-2, 2]);
        Assert.InRange(p[0], 0.001, 0.4);
        Assert.InRange(p[1], 0.6, 0.999);
    }

    [Fact]
    public void A_design_gives_missing_and_unseen_cells_a_place()
    {
        var train = new Table([Numeric("x", [1, 2, 3, 4, double.NaN]), Categorical("c", [0, 0, 1, 1, double.NaN], 4)]);
        var design = DesignMatrix.Fit(train);

        // x, whether it is missing; L0, L1, missing. Median 2.5, quartiles 1.75 and 3.25.
        Assert.Equal(5, design.Width);
        var rows = new Table([Numeric("x", [4, double.NaN]), Categorical("c", [3, double.NaN], 4)]);
        Assert.Equal([1, 0, 0, 0, 0, 0, 1, 0, 0, 1], design.Encode(rows));
    }
}
