using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

public class GaussianCopulaFacts
{
    const int Rows = 4000, Drawn = 20_000;

    [Fact]
    public void A_normal_vector_of_each_class_is_found_again()
    {
        // Correlations of .6 in class 0 and −.8 in class 1, whose numbers are shifted and stretched.
        double[] rho = [0.6, -0.8];
        var task = GeneratorTables.Task(
            Numbers("x", row => Normal(row, 0) + 10 * (row % 2)),
            Numbers("z", row => Math.Exp(rho[row % 2] * Normal(row, 0) + Math.Sqrt(1 - rho[row % 2] * rho[row % 2]) * Normal(row, 1))),
            GeneratorTables.Labels(Rows, 2));
        var rows = Draw(task, [Drawn, Drawn]);
        for (int k = 0; k < 2; k++)
        {
            double[] x = [.. Cells(rows, "x").Skip(k * Drawn).Take(Drawn)], y = [.. Cells(rows, "z").Skip(k * Drawn).Take(Drawn).Select(cell => Math.Log(cell))];

            // A correlation's deviation is (1 − ρ²) / √n: at most .014 for 2,000 rows and .005 for those drawn. Five of both.
            Assert.Equal(rho[k], Correlation(x, y), 0.08);
            Assert.Equal(10 * k, x.Average(), 5 * (1 / Math.Sqrt(2000) + 1 / Math.Sqrt(Drawn)));
        }
    }

    [Fact]
    public void Ties_spikes_gaps_and_shares_of_names_come_out_as_they_went_in()
    {
        var task = GeneratorTables.Task(
            Numbers("spike", row => Normal(row, 0) < 0.5 ? 0 : Normal(row, 0)),
            Numbers("gap", row => Normal(row, 0) + Normal(row, 2) > 1 ? double.NaN : Normal(row, 1)),
            new("name", ColumnKind.Categorical, Draw(row => Math.Clamp(Math.Floor(Normal(row, 0) + 0.3 * Normal(row, 3)) + 1, 0, 2)), ["a", "b", "c"]),
            GeneratorTables.Labels(Rows, 2));
        var rows = Draw(task, [Drawn, Drawn]);
        AssertBoth("spike", cell => cell == 0, "spike", cell => cell == 0, 0);
        AssertBoth("gap", double.IsNaN, "gap", double.IsNaN, 0);
        AssertBoth("name", cell => cell == 0, "name", cell => cell == 0, 0);
        AssertBoth("name", cell => cell == 2, "name", cell => cell == 2, 0);

        // The dependences: with the spike go few gaps and hardly any c. A copula has no edges, and misses by some hundredths.
        AssertBoth("spike", cell => cell == 0, "gap", double.IsNaN, 0.02);
        AssertBoth("spike", cell => cell == 0, "name", cell => cell == 2, 0.02);

        // 5 deviations of shares of 4,000 rows and of 40,000: at most √(1 / 4 / 4,000) and √(1 / 4 / 40,000).
        void AssertBoth(string first, Predicate<double> one, string second, Predicate<double> two, double beyond)
        {
            Assert.Equal(Share(task.Table), Share(rows), 0.052 + beyond);

            double Share(Table table) => Cells(table, first).Zip(Cells(table, second)).Average(pair => one(pair.First) && two(pair.Second) ? 1.0 : 0);
        }
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(-0.6)]
    [InlineData(0.8)]
    public void Two_halves_hide_what_the_arcsine_law_says(double latent)
    {
        double[] half = CopulaMarginal.Of([0, 1], cell => cell, interpolates: false).Hermite;

        // The series ends after 14 terms: at .8 what follows is below .8¹⁵ of the law's own coefficients.
        Assert.Equal(2 / Math.PI * Math.Asin(latent), CopulaCorrelation.Series(latent, half, half), 1e-3);
        Assert.Equal(latent, CopulaCorrelation.Latent(2 / Math.PI * Math.Asin(latent), half, half), 3e-3);
    }

    [Fact]
    public void A_matrix_that_is_no_correlation_becomes_one_and_one_that_is_stays()
    {
        double[] good = [1, 0.5, 0.5, 1], factor = CopulaCorrelation.Factor(good, 2);
        Assert.Equal([1, 0, 0.5, Math.Sqrt(0.75)], factor, (a, b) => Math.Abs(a - b) < 1e-15);

        // x with y, y with z, and x against z.
        double[] bad = CopulaCorrelation.Factor([1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1], 3);
        Assert.All(bad, value => Assert.True(double.IsFinite(value)));
        Assert.All(Enumerable.Range(0, 3), row => Assert.Equal(1, Enumerable.Range(0, 3).Sum(c => bad[3 * row + c] * bad[3 * row + c]), 1e-12));
    }

    [Fact]
    public void Steps_are_as_wide_as_their_rows_and_single_numbers_are_joined_by_lines()
    {
        var marginal = CopulaMarginal.Of([1, 2, 5, 5, 5, 9], cell => cell, interpolates: true);
        Assert.Equal([1, 1.5, 2, 2, 5, 5, 9, 9], new[] { 0.5, 1, 1.5, 1.9, 2.1, 4.9, 5.1, 5.9 }.Select(place => marginal.At(place / 6)), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(9, marginal.At(1));
        Assert.Equal(1, marginal.At(0));
    }

    [Fact]
    public void Names_stand_in_the_order_in_which_they_go_with_the_other_columns()
    {
        // A number's thirds, named 1, 0, 2 from below: their own order would show hardly a correlation.
        double[] order = [1, 0, 2], x = Draw(row => Normal(row, 0));
        double[] names = Array.ConvertAll(x, cell => order[cell < -0.43 ? 0 : cell < 0.43 ? 1 : 2]);
        var quantities = CopulaOrder.Quantities(names, [0, 1, 2], [x, Draw(row => Normal(row, 1))]);
        double[] ranks = [.. new double[] { 0, 1, 2 }.OrderBy(name => quantities[name])];
        Assert.True(ranks is [1, 0, 2] or [2, 0, 1]);

        var task = GeneratorTables.Task(new("x", ColumnKind.Numeric, x, null, 15), new("c", ColumnKind.Categorical, names, ["p", "q", "r"]), GeneratorTables.Labels(Rows, 2));
        Assert.True(Shared(new() { OrderNames = true }) > 0.9);
        Assert.True(Shared(new()) < 0.8);

        // How many rows have the name of their third.
        double Shared(GaussianCopulaOptions options)
        {
            var rows = Draw(task, [Drawn, Drawn], options);
            return Cells(rows, "x").Zip(Cells(rows, "c")).Average(row => row.Second == order[row.First < -0.43 ? 0 : row.First < 0.43 ? 1 : 2] ? 1.0 : 0);
        }
    }

    [Fact]
    public void Few_rows_of_a_class_borrow_the_correlation_of_all()
    {
        // 12 rows of class 1 are without a correlation; those of class 0 have .95.
        var task = GeneratorTables.Task(
            Numbers("x", row => Normal(row, 0)), Numbers("y", row => row < 12 ? Normal(row, 5) : 0.95 * Normal(row, 0) + 0.31 * Normal(row, 1)),
            new("k", ColumnKind.Categorical, Draw(row => row < 12 ? 1 : 0), ["many", "few"]));
        Assert.True(Of(new() { PooledRows = 1000 }) > 0.8);
        Assert.True(Math.Abs(Of(new() { PooledRows = 0 })) < 0.8);

        double Of(GaussianCopulaOptions options)
        {
            var rows = Draw(task, [0, Drawn], options);
            return Correlation(Cells(rows, "x"), Cells(rows, "y"));
        }
    }

    static Table Draw(ClassificationTask task, int[] counts, GaussianCopulaOptions? options = null)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        return new GaussianCopulaGenerator(device, options).Fit(task, 1).Sample(counts, 2);
    }

    static Column Numbers(string name, Func<int, double> cell) => new(name, ColumnKind.Numeric, Draw(cell), null, decimals: 15);

    static double[] Draw(Func<int, double> cell) => [.. Enumerable.Range(0, Rows).Select(cell)];

    static double Normal(int row, uint stream) => new Philox(7).Normal((uint)row, stream);

    static double[] Cells(Table table, string name) => table[name].Values.ToArray();

    static double Correlation(double[] x, double[] y)
    {
        double a = x.Average(), b = y.Average();
        double Product(Func<int, double> term) => Enumerable.Range(0, x.Length).Average(term);
        return Product(i => (x[i] - a) * (y[i] - b)) / Math.Sqrt(Product(i => (x[i] - a) * (x[i] - a)) * Product(i => (y[i] - b) * (y[i] - b)));
    }
}
