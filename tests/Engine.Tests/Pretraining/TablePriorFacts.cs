using System.Globalization;
using CausalMixFT.Engine.Boosting;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Pretraining;

public class TablePriorFacts(ITestOutputHelper output)
{
    [Fact]
    public void Cells_are_finite_or_missing_and_each_class_is_twice_in_context_and_queries()
    {
        var prior = new TablePrior(seed: 1);
        for (uint batch = 0; batch < 60; batch++)
        {
            var tables = prior.Draw(batch, prior.DrawShape(batch, tokens: 4000));
            var shape = tables.Shape;
            Assert.DoesNotContain(tables.Features, float.IsInfinity);
            for (int table = 0; table < shape.Tables; table++)
            {
                var labels = tables.Labels.AsSpan(table * shape.Rows, shape.Rows).ToArray();
                int classes = labels.Max() + 1;
                Assert.InRange(classes, 2, shape.Classes);
                for (int k = 0; k < classes; k++)
                {
                    Assert.True(labels[..shape.Context].Count(label => label == k) >= 2, $"batch {batch}, class {k}");
                    Assert.True(labels[shape.Context..].Count(label => label == k) >= 2, $"batch {batch}, class {k}");
                }
            }
        }
    }

    [Fact]
    public void Skewed_classes_are_common()
    {
        var prior = new TablePrior(seed: 2);
        var shares = new List<double>();
        for (uint batch = 0; batch < 60; batch++)
        {
            var tables = prior.Draw(batch, new TableShape(5, 150, 50, 4, 2));
            shares.AddRange(Enumerable.Range(0, 5).Select(table =>
                tables.Labels.AsSpan(table * 200, 200).ToArray().Average(label => (double)label)).Select(p => Math.Min(p, 1 - p)));
        }

        // 65 % of two-class tables draw the rarer share log-uniformly from 0.005 to 0.5: half of those, 0.33 of all, are
        // below 0.05. 300 tables: standard error 0.027, four of them either side.
        Assert.InRange(shares.Count(share => share <= 0.05) / 300.0, 0.22, 0.44);
        Assert.InRange(shares.Count(share => share > 0.3) / 300.0, 0.25, 0.65);
        Assert.Equal(4 / 200.0, shares.Min(), 1e-9); // the rarest class keeps its four rows
    }

    [Fact]
    public void A_rare_class_may_be_one_row_in_two_hundred()
    {
        var prior = new TablePrior(seed: 3);
        var shape = new TableShape(1, 900, 300, 3, 2);
        var shares = Enumerable.Range(0, 60).Select(batch =>
        {
            double share = prior.Draw((uint)batch, shape).Labels.Average(label => (double)label);
            return Math.Min(share, 1 - share);
        }).ToArray();

        // 65 % log-uniform over a factor of 100: 0.098 of all tables are below 0.01, none below 0.005 but by rounding.
        Assert.InRange(shares.Min(), 0.0049, 0.01);
    }

    [Fact]
    public void A_batch_is_the_same_whatever_was_drawn_before_it_and_on_any_thread()
    {
        var prior = new TablePrior(seed: 3);
        var shape = prior.DrawShape(7, tokens: 3000);
        _ = prior.Draw(6, shape);

        var first = prior.Draw(7, shape);
        var others = new PriorTables[6];
        Parallel.For(0, others.Length, i => others[i] = new TablePrior(seed: 3).Draw(i < 5 ? 7u : 8u, shape));
        Assert.All(others[..5], again => Assert.Equal(first.Features, again.Features));
        Assert.All(others[..5], again => Assert.Equal(first.Labels, again.Labels));
        Assert.NotEqual(first.Features, others[5].Features);
    }

    [Fact]
    public void Shapes_are_spread_evenly_over_the_orders_of_magnitude()
    {
        var prior = new TablePrior(seed: 4);
        var shapes = Enumerable.Range(0, 2000).Select(batch => prior.DrawShape((uint)batch, 16_000)).ToArray();
        Assert.All(shapes, shape =>
        {
            Assert.InRange(shape.Rows, 28, 1300);
            Assert.InRange(shape.Query, 0.2 * shape.Rows, 0.3 * shape.Rows + 1);
            Assert.InRange(shape.Columns, 1, 100);
            Assert.InRange(shape.Classes, 2, Math.Min(10, shape.Query / 2));
            Assert.InRange(shape.Tables * shape.Rows * (shape.Columns + 1), 8_000, 32_000);
        });

        // Log-uniform: half of the rows are below √(28 · 1300) = 191; 6 % of the tables have one column or two, and of the
        // others log(7/3) / log(41/3) at most 6, or log(7/3) / log(101/3) of a twentieth: 36 % in all. Standard error 0.011.
        Assert.InRange(shapes.Count(shape => shape.Rows <= 191) / 2000.0, 0.45, 0.55);
        Assert.InRange(shapes.Count(shape => shape.Columns <= 6) / 2000.0, 0.32, 0.40);
        Assert.InRange(shapes.Count(shape => shape.Columns > 40), 1, 60);
        Assert.InRange(shapes.Count(shape => shape.Classes == 2) / 2000.0, 0.55, 0.75);
    }

    [Fact]
    public void A_shape_that_has_no_room_for_its_classes_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TablePrior(seed: 1).Draw(0, new TableShape(1, 50, 8, 3, 5)));

    [Fact]
    public void Columns_are_numbers_codes_and_flags_and_some_have_holes()
    {
        var prior = new TablePrior(seed: 6);
        int columns = 0, flags = 0, few = 0, many = 0, missing = 0;
        for (uint batch = 0; batch < 150; batch++)
        {
            var tables = prior.Draw(batch, new TableShape(1, 150, 50, 8, 2));
            for (int f = 0; f < 8; f++, columns++)
            {
                var cells = Enumerable.Range(0, 200).Select(row => tables.Features[row * 8 + f]).ToArray();
                var values = cells.Where(float.IsFinite).Distinct().ToArray();
                missing += cells.Any(float.IsNaN) ? 1 : 0;
                flags += values.All(value => value is 0 or 1) ? 1 : 0;
                few += values.Length is > 2 and <= 20 ? 1 : 0;
                many += values.Length > 100 ? 1 : 0;
            }
        }

        output.WriteLine($"{columns} columns: {flags} of 0 and 1, {few} of a few values, {many} of many, {missing} with NaN");
        Assert.InRange((double)flags / columns, 0.1, 0.5);
        Assert.InRange((double)few / columns, 0.1, 0.5);
        Assert.InRange((double)many / columns, 0.25, 0.7);
        Assert.InRange((double)missing / columns, 0.01, 0.2);
    }

    [Fact]
    public void Boosted_trees_find_as_much_as_in_real_tables()
    {
        const int Tables = 100;
        var prior = new TablePrior(seed: 5);
        double[] aucs = [.. Enumerable.Range(0, Tables).Select(batch =>
            QueryAuc(prior.Draw((uint)batch, prior.DrawShape((uint)batch, 16_000) with { Tables = 1 }))).Order()];
        output.WriteLine("deciles of the AUC: " + string.Join(
            ' ', Enumerable.Range(0, 11).Select(d =>
                aucs[Math.Min(Tables - 1, d * Tables / 10)].ToString("0.000", CultureInfo.InvariantCulture))));

        // Seen over 300 tables: deciles 0.60 (first), 0.86 (median), 1.00 (ninth). An order statistic of 100 strays by about 0.02.
        Assert.InRange(aucs[Tables / 10], 0.5, 0.72);
        Assert.InRange(aucs[Tables / 2], 0.78, 0.92);
        Assert.InRange(aucs[9 * Tables / 10], 0.95, 1);
    }

    static double QueryAuc(PriorTables tables)
    {
        var shape = tables.Shape;
        int classes = tables.Labels.Max() + 1;
        using var trees = BoostedClassifier.Train(
            Rows(0, shape.Context), tables.Labels[..shape.Context], classes,
            new BoostingOptions { Rounds = 50, MinRowsPerLeaf = Math.Clamp(shape.Context / 20, 2, 20) });
        double[] p = trees.Probabilities(Rows(shape.Context, shape.Query));
        return Enumerable.Range(0, classes).Average(k => RankingMetrics.RocAuc(
            [.. Enumerable.Range(0, shape.Query).Select(row => (float)p[row * classes + k])],
            [.. tables.Labels[shape.Context..].Select(label => label == k)]));

        Table Rows(int first, int count) => new([.. Enumerable.Range(0, shape.Columns).Select(f => new Column(
            $"f{f}", ColumnKind.Numeric,
            [.. Enumerable.Range(first, count).Select(row => (double)tables.Features[row * shape.Columns + f])]))]);
    }
}
