using CausalMixFT.Engine.Boosting;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Pretraining;

public class TablePriorFacts(ITestOutputHelper output)
{
    [Fact]
    public void Tables_are_finite_and_every_class_number_below_the_largest_is_shown()
    {
        var prior = new TablePrior(seed: 1);
        for (uint batch = 0; batch < 40; batch++)
        {
            var tables = prior.Draw(batch, prior.DrawShape(batch, tokens: 2000));
            var shape = tables.Shape;
            Assert.All(tables.Features, value => Assert.False(float.IsInfinity(value)));
            for (int table = 0; table < shape.Tables; table++)
            {
                var labels = tables.Labels.AsSpan(table * shape.Rows, shape.Rows).ToArray();
                var shown = labels.AsSpan(0, shape.Context).ToArray().Distinct().Order().ToArray();
                Assert.Equal(Enumerable.Range(0, shown.Length), shown);
                Assert.True(labels.Max() < shown.Length);
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
    }

    [Fact]
    public void A_batch_is_the_same_whatever_was_drawn_before_it()
    {
        var prior = new TablePrior(seed: 3);
        var shape = prior.DrawShape(7, tokens: 3000);
        _ = prior.Draw(6, shape);

        var first = prior.Draw(7, shape);
        var again = new TablePrior(seed: 3).Draw(7, shape);
        Assert.Equal(first.Features, again.Features);
        Assert.Equal(first.Labels, again.Labels);
        Assert.NotEqual(first.Features, prior.Draw(8, shape).Features);
    }

    [Fact]
    public void Features_tell_something_about_the_class()
    {
        // One nearest neighbour in standardised columns, two-class tables: a prior of pure noise would score a half.
        var prior = new TablePrior(seed: 4);
        double right = 0, chance = 0;
        int rows = 0;
        for (uint batch = 0; batch < 40; batch++)
        {
            var tables = prior.Draw(batch, new TableShape(1, 150, 50, 6, 2));
            for (int q = 150; q < 200; q++)
            {
                int nearest = Enumerable.Range(0, 150).MinBy(c => Enumerable.Range(0, 6).Sum(f => Math.Abs(tables.Features[q * 6 + f] - tables.Features[c * 6 + f])));
                right += tables.Labels[nearest] == tables.Labels[q] ? 1 : 0;
                rows++;
            }

            double share = tables.Labels.Average(label => (double)label);
            chance += 50 * (share * share + (1 - share) * (1 - share));
        }

        // Of a class share p, a neighbour that tells nothing is right with p² + (1 − p)². 2,000 query rows: standard error 0.01.
        output.WriteLine($"{right / rows:0.000} right, {chance / rows:0.000} by chance");
        Assert.True(right / rows > chance / rows + 0.04, $"{right / rows:0.000} right, {chance / rows:0.000} by chance");
    }

    [Fact]
    public void Boosted_trees_find_as_much_as_in_real_tables()
    {
        var prior = new TablePrior(seed: 5);
        var aucs = new List<double>();
        int hopeless = 0;
        double cells = 0;
        for (uint batch = 0; batch < 300; batch++)
        {
            var shape = prior.DrawShape(batch, 16_000);
            var tables = prior.Draw(batch, shape with { Tables = 1 });
            cells += shape.Rows * (shape.Columns + 1);
            aucs.Add(QueryAuc(tables));
        }

        var sorted = aucs.Order().ToArray();
        output.WriteLine(string.Join(" ", Enumerable.Range(0, 11).Select(d => sorted[Math.Min(299, d * 30)].ToString("0.000", System.Globalization.CultureInfo.InvariantCulture))));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        double drawn = 0;
        for (uint batch = 0; batch < 100; batch++)
        {
            var shape = prior.DrawShape(batch, 16_000);
            prior.Draw(batch, shape);
            drawn += shape.Tables * (double)shape.Rows * (shape.Columns + 1);
        }

        output.WriteLine($"{drawn / clock.Elapsed.TotalSeconds:0} cells a second; {clock.Elapsed.TotalMilliseconds / 100:0.0} ms a batch; {hopeless}; {cells / 300:0}");
        foreach (var (columns, classes) in ((int, int)[])[(2, 2), (10, 2), (30, 2), (10, 5)])
        {
            var fixedAucs = Enumerable.Range(1000, 200).Select(b => QueryAuc(prior.Draw((uint)b, new TableShape(1, 400, 130, columns, classes)))).Order().ToArray();
            output.WriteLine($"{columns} {classes}: " + string.Join(" ", Enumerable.Range(0, 11).Select(d => fixedAucs[Math.Min(199, d * 20)].ToString("0.000", System.Globalization.CultureInfo.InvariantCulture))));
        }

        Assert.Fail("look");
    }

    static double QueryAuc(PriorTables tables)
    {
        var shape = tables.Shape;
        int classes = tables.Labels.Max() + 1;
        Table Rows(int first, int count) => new([.. Enumerable.Range(0, shape.Columns).Select(f => new Column(
            $"f{f}", ColumnKind.Numeric, [.. Enumerable.Range(first, count).Select(row => (double)tables.Features[row * shape.Columns + f])]))]);
        using var trees = BoostedClassifier.Train(
            Rows(0, shape.Context), tables.Labels[..shape.Context], classes, new BoostingOptions { MinRowsPerLeaf = Math.Clamp(shape.Context / 20, 2, 20) });
        double[] p = trees.Probabilities(Rows(shape.Context, shape.Query));
        return Enumerable.Range(0, classes).Average(k => RankingMetrics.RocAuc(
            [.. Enumerable.Range(0, shape.Query).Select(row => (float)p[row * classes + k])],
            [.. tables.Labels[shape.Context..].Select(label => label == k)]));
    }
}
