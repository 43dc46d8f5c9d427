using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Reporting;

namespace CausalMixFT.Engine.Tests.Reporting;

public sealed class PairedBootstrapFacts
{
    [Fact]
    public void A_model_does_not_differ_from_itself()
    {
        var (labels, good, _) = Models(seed: 1, rows: 80);
        var bootstrap = new PairedBootstrap([good, good], labels, 2, minority: 1, seed: 4);
        Assert.Equal((0, 0), bootstrap.Difference(0, 1));
    }

    [Fact]
    public void An_order_that_is_perfect_stays_perfect_against_its_reverse()
    {
        int[] labels = [.. Enumerable.Range(0, 40).Select(row => row < 30 ? 0 : 1)];
        float[] perfect = [.. labels.SelectMany(label => (float[])[1 - 0.9f * label, 0.9f * label])];
        float[] reverse = [.. labels.SelectMany(label => (float[])[0.9f * label, 1 - 0.9f * label])];
        Assert.Equal((1, 1), new PairedBootstrap([perfect, reverse], labels, 2, minority: 1, seed: 4).Difference(0, 1));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Each_resample_is_the_difference_of_areas_by_definition(int classes)
    {
        // Ties on purpose: probabilities are multiples of 1/8.
        var random = new Random(7);
        int[] labels = [.. Enumerable.Range(0, 41).Select(row => row % classes)];
        float[] Draw() => [.. Enumerable.Range(0, labels.Length * classes).Select(_ => random.Next(9) / 8f)];
        float[] a = Draw(), b = Draw();
        var (low, high) = new PairedBootstrap([a, b], labels, classes, minority: 1, seed: 3, resamples: 1).Difference(0, 1);
        Assert.Equal(low, high);

        var philox = new Kernels.Rng.Philox(3).Branch(0x626F6F74);
        int[] drawn = [.. Enumerable.Range(0, classes).SelectMany(c =>
        {
            int[] rows = [.. Enumerable.Range(0, labels.Length).Where(row => labels[row] == c)];
            return rows.Select((_, i) => rows[philox.Below(rows.Length, (uint)i, 0, (uint)c)]);
        })];
        Assert.Equal(Area(a) - Area(b), low, 1e-12); // sums of up to 41² halves divided once: exact to a few ulp

        double Area(float[] model)
        {
            float[] probabilities = [.. drawn.SelectMany(row => model[(row * classes)..((row + 1) * classes)])];
            int[] shown = [.. drawn.Select(row => labels[row])];
            double[] prior = classes == 2 ? [0.6, 0.4] : [0.4, 0.3, 0.3];
            return ClassificationScores.Compute(probabilities, shown, classes, prior, DecisionRule.Half(prior)).RocAuc;
        }
    }

    [Fact]
    public void The_interval_covers_the_true_difference_about_as_often_as_it_says()
    {
        // Both models see the label through noise of the same size, so the true difference is 0. Of 200 tables the 95 %
        // interval should cover 0 in 190 ± 3.1 (one standard deviation); a percentile interval on 80 rows is a little
        // narrow. Seen: see the bounds; they are four standard deviations wide below.
        int covered = Enumerable.Range(0, 200).Count(seed =>
        {
            var (labels, a, b) = Models(seed, rows: 80);
            var (low, high) = new PairedBootstrap([a, b], labels, 2, minority: 1, seed: 9, resamples: 300).Difference(0, 1);
            return low <= 0 && high >= 0;
        });
        Assert.InRange(covered, 176, 200);
    }

    // Two models of the same quality with independent errors.
    static (int[] Labels, float[] A, float[] B) Models(int seed, int rows)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, rows).Select(row => row % 4 == 0 ? 1 : 0)];
        float[] See() => [.. labels.SelectMany(label =>
        {
            float p = (float)Math.Clamp(0.3 + 0.2 * label + (random.NextDouble() + random.NextDouble() - 1) * 0.4, 0, 1);
            return (float[])[1 - p, p];
        })];
        return (labels, See(), See());
    }
}
