using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;
using static CausalMixFT.Engine.Tests.Generators.ForestTables;

namespace CausalMixFT.Engine.Tests.Generators;

public class ForestGeneratorFacts
{
    static readonly Philox Random = new(31);

    [Theory]
    [MemberData(nameof(ForestTables.Names), MemberType = typeof(ForestTables))]
    public void Any_table_gives_rows_that_can_be_in_the_counts_asked_for(string name)
    {
        var task = Named(name);
        var fitted = new ForestGenerator(new ForestOptions { Trees = 7 }).Learn(task, seed: 3);
        int[] counts = [.. task.ClassNames.Select((_, k) => k == 0 ? 0 : 40 + k)];
        CheckRows(task, fitted.Draw(counts, seed: 4), counts);
    }

    [Theory]
    [InlineData("every kind")]
    [InlineData("many levels")]
    public void Threads_change_no_cell(string name)
    {
        Table Rows(int threads, ulong seed) => new ForestGenerator(new ForestOptions { Trees = 7, Threads = threads })
            .Learn(Named(name), seed).Draw([1500, 1700], seed: 9);

        Assert.True(AreSame(Rows(1, 5), Rows(4, 5)));
        Assert.False(AreSame(Rows(1, 5), Rows(1, 6)));
    }

    [Fact]
    public void A_row_depends_on_the_seed_its_class_and_its_number_alone()
    {
        var fitted = new ForestGenerator().Learn(Named("every kind"), seed: 1);
        var few = fitted.Draw([0, 20], seed: 2);
        var many = fitted.Draw([33, 1100], seed: 2);
        Assert.True(AreSame(few, many.Select([.. Enumerable.Range(33, 20)])));
        Assert.False(AreSame(few, fitted.Draw([0, 20], seed: 3)));
    }

    [Fact]
    public void Clusters_of_numbers_are_found_again_in_each_class()
    {
        // Two classes, three groups: numbers are normal around a mean of the group, and the class decides how likely each group is.
        const int Rows = 3000;
        var (task, group) = Clusters(Rows);
        var made = new ForestGenerator().Learn(task, seed: 2).Draw([Rows / 2, Rows / 2], seed: 3);
        for (int k = 0; k < 2; k++)
        {
            for (int g = 0; g < 3; g++)
            {
                double[] Of(Table table, string name) => [.. Enumerable.Range(0, table.Rows)
                    .Where(row => table["class"].Values[row] == k && table["group"].Values[row] == g)
                    .Select(row => table[name].Values[row])];

                // The share of a group among 1500 rows of a class, in both tables: the standard error is at most 0.5 √(2 / 1500).
                double[] real = Of(task.Table, "x"), drawn = Of(made, "x");
                Assert.Equal(real.Length / 1500.0, drawn.Length / 1500.0, 4 * 0.5 * Math.Sqrt(2 / 1500.0));

                // Two samples of one law: D exceeds 2.22 √(1/n + 1/m) once in 10⁴ (Kolmogorov).
                Assert.InRange(Distance(real, drawn), 0, 2.22 * Math.Sqrt(1.0 / real.Length + 1.0 / drawn.Length));
            }
        }

        // Columns shuffled by themselves, as a generator would that only knows marginals, are far from this.
        double[] others = [.. task.Table["x"].Values.ToArray()];
        double[] own = [.. Enumerable.Range(0, Rows).Where(row => group[row] == 0).Select(row => others[row])];
        Assert.True(Distance(own, others) > 0.3);
    }

    [Fact]
    public void Spikes_stay_spikes_only_where_repeated_values_are_kept()
    {
        double[] gain = Map(800, row => Random.Uniform(row, 1) < 0.8f ? 0 : Math.Round(1000 + 500 * Random.Normal(row, 2)));
        var task = Task(800, 2, new Column("gain", ColumnKind.Integer, gain));
        double Share(bool keeps) => new ForestGenerator(new ForestOptions { KeepsRepeatedValues = keeps }).Learn(task, seed: 1)
            .Draw([2000, 2000], seed: 2)["gain"].Values.ToArray().Count(value => value == 0) / 4000.0;

        // A share of 4000 draws around that of the rows: standard error √(0.8 · 0.2 / 4000), and 5 of those.
        double real = gain.Count(value => value == 0) / 800.0;
        Assert.Equal(real, Share(keeps: true), 5 * Math.Sqrt(0.16 / 4000));
        Assert.True(Share(keeps: false) < real - 0.02);
    }

    [Fact]
    public void Missing_cells_are_as_frequent_as_in_each_class()
    {
        double[] x = Map(1000, row => Random.Uniform(row, 3) < (row * 7 % 2 == 0 ? 0.4f : 0.05f) ? double.NaN : Random.Normal(row, 4));
        var task = Task(1000, 2, new Column("x", ColumnKind.Numeric, x, null, 15));
        var made = new ForestGenerator().Learn(task, seed: 1).Draw([3000, 3000], seed: 2);
        for (int k = 0; k < 2; k++)
        {
            double real = Enumerable.Range(0, 1000).Count(row => task.Labels[row] == k && double.IsNaN(x[row])) / 500.0;
            double drawn = Enumerable.Range(3000 * k, 3000).Count(row => double.IsNaN(made["x"].Values[row])) / 3000.0;

            // Trees split on the class and on missing, but leaves may mix: within 3 % of the rows, where the classes are 35 % apart.
            Assert.Equal(real, drawn, 0.03);
        }
    }

    [Fact]
    public void Columns_that_depend_are_told_from_shuffled_ones_until_they_are_drawn_from_leaves()
    {
        double[] x = Map(600, row => Random.Normal(row, 5));
        var dependent = Accuracies(Task(600, 2, Number("x", x), Number("y", [.. x.Select(v => 2 * v)])));
        Assert.True(dependent[0] > 0.8);
        Assert.True(dependent[^1] <= 0.5 || dependent[^1] > dependent[^2] || dependent.Count == 11);

        // Independent columns cannot be told: four standard errors of 1200 rows above ½.
        var independent = Accuracies(Task(600, 2, Number("x", x), Number("y", Map(600, row => Random.Normal(row, 6)))));
        Assert.InRange(independent[0], 0.3, 0.5 + 4 * Math.Sqrt(0.25 / 1200));
    }

    [Fact]
    public void Work_can_be_cancelled_and_tells_how_far_it_is()
    {
        var told = new List<double>();
        var progress = new Told(told);
        var fitted = new ForestGenerator(new ForestOptions { Threads = 1, Trees = 5 }).Fit(
            Named("every kind"), 1, progress, TestContext.Current.CancellationToken);
        Assert.Equal(1, told[^1]);
        Assert.Equal(told.Order(), told);
        told.Clear();
        fitted.Sample([1000, 1000], 1, progress, TestContext.Current.CancellationToken);
        Assert.Equal(1, told[^1]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new ForestGenerator().Fit(Named("every kind"), 1, null, cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => fitted.Sample([1000, 1000], 1, null, cancelled.Token));
    }

    static IReadOnlyList<double> Accuracies(ClassificationTask task) =>
        ((FittedForest)new ForestGenerator().Learn(task, seed: 1)).Accuracies;

    static Column Number(string name, double[] values) => new(name, ColumnKind.Numeric, values, null, 15);

    static (ClassificationTask Task, int[] Group) Clusters(int rows)
    {
        double[] labels = Map(rows, row => row % 2);
        int[] group = [.. Enumerable.Range(0, rows).Select(row =>
            Random.Uniform((uint)row, 10) is var u && row % 2 == 0 ? (u < 0.6f ? 0 : u < 0.9f ? 1 : 2) : (u < 0.2f ? 0 : u < 0.5f ? 1 : 2))];
        double[] x = Map(rows, row => 3 * group[row] + Random.Normal(row, 11));
        double[] y = Map(rows, row => -2 * group[row] + Random.Normal(row, 12));
        var levels = new Column("group", ColumnKind.Categorical, [.. group.Select(g => (double)g)], ["a", "b", "c"]);
        return (With([Number("x", x), Number("y", y), levels], labels, 2), group);
    }

    // The largest distance of two empirical distribution functions.
    static double Distance(double[] a, double[] b)
    {
        Array.Sort(a);
        Array.Sort(b);
        return a.Concat(b).Max(at => Math.Abs(UpTo(a, at) - UpTo(b, at)));

        static double UpTo(double[] sorted, double at) => sorted.Count(value => value <= at) / (double)sorted.Length;
    }

    sealed class Told(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }
}
