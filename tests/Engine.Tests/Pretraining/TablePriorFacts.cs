using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Pretraining;

public class TablePriorFacts(ITestOutputHelper output)
{
    [Fact]
    public void Tables_are_finite_and_every_class_number_below_the_largest_is_shown()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var prior = new TablePrior(device, seed: 1);
        for (uint batch = 0; batch < 40; batch++)
        {
            var tables = prior.Draw(batch, prior.DrawShape(batch, tokens: 2000));
            var shape = tables.Shape;
            Assert.All(tables.Features, value => Assert.True(float.IsFinite(value)));
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
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var prior = new TablePrior(device, seed: 2);
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
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 2 });
        using var single = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        var prior = new TablePrior(device, seed: 3);
        var shape = prior.DrawShape(7, tokens: 3000);
        _ = prior.Draw(6, shape);

        var first = prior.Draw(7, shape);
        var again = new TablePrior(single, seed: 3).Draw(7, shape);
        Assert.Equal(first.Features, again.Features);
        Assert.Equal(first.Labels, again.Labels);
        Assert.NotEqual(first.Features, prior.Draw(8, shape).Features);
    }

    [Fact]
    public void Features_tell_something_about_the_class()
    {
        // One nearest neighbour in standardised columns, two-class tables: a prior of pure noise would score a half.
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var prior = new TablePrior(device, seed: 4);
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
}
