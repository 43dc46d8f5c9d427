using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Bootstrap, under-sampling, smoothed bootstrap, noise and swap, and mixup against what they are by definition.</summary>
public class ResamplingFacts
{
    const int Rows = 600, Drawn = 20_000;

    // Numbers that tell their rows, two names, and two classes whose rows are apart.
    static readonly ClassificationTask Known = GeneratorTables.Task(
        new("x", ColumnKind.Numeric, [.. Enumerable.Range(0, Rows).Select(row => row % 2 * 100 + new Philox(1).Normal((uint)row, 0))], null, decimals: 15),
        new("c", ColumnKind.Categorical, [.. Enumerable.Range(0, Rows).Select(row => row % 10 < 7 ? 0.0 : 1)], ["a", "b"]),
        GeneratorTables.Labels(Rows, 2));

    [Fact]
    public void A_bootstrap_has_rows_of_the_class_each_as_often()
    {
        var rows = Draw(device => new BootstrapGenerator(device), Drawn, Drawn);
        foreach (int k in (int[])[0, 1])
        {
            var counts = Cells(rows, "x").Skip(k * Drawn).Take(Drawn).CountBy(x => x).ToDictionary();
            double[] own = [.. Cells(Known.Table, "x").Where((_, row) => Known.Labels[row] == k)];
            Assert.Equal(own.Length, counts.Count);
            Assert.All(own, x => Assert.True(counts.ContainsKey(x)));

            // χ² with 299 degrees of freedom: mean 299, deviation √598 = 24.5; six of them.
            double expected = (double)Drawn / own.Length;
            Assert.InRange(counts.Values.Sum(count => (count - expected) * (count - expected) / expected), 299 - 147, 299 + 147);
        }
    }

    [Fact]
    public void Under_sampling_repeats_no_row_before_all_were_there()
    {
        var some = Draw(device => new UnderSamplingGenerator(device), 250, 300);
        Assert.Equal(250, Cells(some, "x").Take(250).Distinct().Count());
        Assert.Equal(300, Cells(some, "x").Skip(250).Distinct().Count());
        var many = Draw(device => new UnderSamplingGenerator(device), 750, 0);
        Assert.Equal((150, 150), (Count(2), Count(3)));

        int Count(int times) => Cells(many, "x").CountBy(x => x).Count(pair => pair.Value == times);
    }

    [Fact]
    public void A_smoothed_bootstrap_adds_its_share_to_the_class_s_variance()
    {
        var rows = Draw(device => new SmoothedBootstrapGenerator(device, new() { Bandwidth = 0.5 }), Drawn, 0);
        double[] own = [.. Cells(Known.Table, "x").Where((_, row) => Known.Labels[row] == 0)];

        // 1 + 0.5², less what the range cuts off; the variance of 20,000 draws has the deviation √(2 / 20,000) = 1 % of itself.
        Assert.InRange(Variance(Cells(rows, "x")) / Variance(own), 1.15, 1.25 * 1.05);
        Assert.True(Cells(rows, "x").Distinct().Count() > Drawn / 2);
        Assert.InRange(Cells(rows, "c").Average(), Share(own: 0) - 0.02, Share(own: 0) + 0.02);
    }

    [Fact]
    public void Noise_and_swap_change_a_share_of_the_names_and_move_numbers_a_little()
    {
        // x tells the row, but for noise of a 1e-9th of a deviation.
        var rows = Draw(device => new NoiseSwapGenerator(device, new() { Bandwidth = 1e-9, SwapProbability = 0.3 }), Drawn, 0);
        double[] own = Cells(Known.Table, "x"), names = Cells(Known.Table, "c");
        int changed = Enumerable.Range(0, Drawn).Count(row =>
        {
            int nearest = Enumerable.Range(0, Rows).MinBy(other => Math.Abs(own[other] - rows["x"].Values[row]));
            Assert.Equal(own[nearest], rows["x"].Values[row], 1e-7);
            return names[nearest] != rows["c"].Values[row];
        });

        // A swap draws another name with probability 2 p (1 − p); 5 deviations of a binomial of 20,000.
        double p = Share(own: 0), rate = 0.3 * 2 * p * (1 - p);
        Assert.InRange((double)changed / Drawn, rate - 5 * Math.Sqrt(rate / Drawn), rate + 5 * Math.Sqrt(rate / Drawn));
        Assert.NotEqual(own.Length, Cells(rows, "x").Distinct().Count());
    }

    [Fact]
    public void Mixup_shrinks_the_variance_as_its_weights_say_and_keeps_the_names_shares()
    {
        var rows = Draw(device => new MixupGenerator(device, new() { Alpha = 1 }), Drawn, 0);
        double[] own = [.. Cells(Known.Table, "x").Where((_, row) => Known.Labels[row] == 0)];

        // E[λ² + (1 − λ)²] = 2 / 3 for a uniform λ; two of a row and itself, one in 300, add a thousandth. 5 deviations of 1 %.
        Assert.InRange(Variance(Cells(rows, "x")) / Variance(own), 2 / 3.0 - 0.035, 2 / 3.0 + 0.035);
        Assert.InRange(Cells(rows, "c").Average(), Share(own: 0) - 0.02, Share(own: 0) + 0.02);

        // Beta(α, α) has the variance 1 / (4 (2 α + 1)); 4,096 quantiles know it to their spacing.
        double[] weights = MixupGenerator.Weights(0.2);
        Assert.Equal(0.5, weights.Average(), 1e-6);
        Assert.Equal(1 / (4 * 1.4), Variance(weights), 1e-3);
    }

    static Table Draw(Func<ComputeDevice, IRowGenerator> generator, params int[] counts)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        return generator(device).Fit(Known, 1).Sample(counts, 2);
    }

    static double Share(int own) => Cells(Known.Table, "c").Where((_, row) => Known.Labels[row] == own).Average();

    static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Average(value => (value - mean) * (value - mean));
    }

    static double[] Cells(Table table, string name) => table[name].Values.ToArray();
}
