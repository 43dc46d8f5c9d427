using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Tests.Evaluation;

public sealed class DecisionRuleFacts
{
    [Fact]
    public void Half_and_prior_compare_the_rarer_class()
    {
        float[] probabilities = [0.5f, 0.5f, 0.75f, 0.25f, 0.8f, 0.2f];
        Assert.Equal([1, 0, 0], DecisionRule.Half([0.75, 0.25]).Predict(probabilities));
        Assert.Equal([1, 1, 0], DecisionRule.Prior([0.75, 0.25]).Predict(probabilities));
        Assert.Equal([0, 0, 0], DecisionRule.Half([0.25, 0.75]).Predict(probabilities));
        Assert.Equal(1, DecisionRule.Half([0.5, 0.5]).Minority);
    }

    [Fact]
    public void Prior_of_many_classes_divides_by_the_training_share()
    {
        float[] probabilities = [0.6f, 0.3f, 0.1f, 0.5f, 0.3f, 0.2f];
        Assert.Equal([0, 0], DecisionRule.Half([0.7, 0.2, 0.1]).Predict(probabilities));
        Assert.Equal([1, 2], DecisionRule.Prior([0.7, 0.2, 0.1]).Predict(probabilities));
        Assert.Equal([1, 1], DecisionRule.Prior([0.7, 0.3, 0]).Predict(probabilities)); // never seen, never predicted
    }

    [Fact]
    public void The_tuned_threshold_is_the_best_of_all_midpoints()
    {
        var random = new Random(3);
        for (int repeat = 0; repeat < 50; repeat++)
        {
            var (probabilities, labels) = Draw(random, rows: 97, [0.8, 0.2], decimals: repeat % 2 == 0 ? 1 : 6);
            double[] prior = [0.8, 0.2];
            var rule = DecisionRule.Tune(probabilities, labels, prior);
            var distinct = Enumerable.Range(0, 97).Select(row => (double)probabilities[2 * row + 1]).Distinct().Order().ToArray();
            double best = distinct.Zip(distinct.Skip(1), (low, high) => (low + high) / 2)
                .Max(threshold => MinorityF1(Enumerable.Range(0, 97).Select(row => probabilities[2 * row + 1] >= threshold ? 1 : 0), labels));
            Assert.Equal(best, MinorityF1(rule.Predict(probabilities), labels));
            Assert.DoesNotContain(rule.Threshold!.Value, distinct);
        }
    }

    [Fact]
    public void Of_equally_good_thresholds_the_one_nearest_the_prior_is_taken()
    {
        // Thresholds between 0.1 and 0.9 all separate the classes: the only mid-point is 0.5.
        float[] probabilities = [0.9f, 0.1f, 0.1f, 0.9f];
        Assert.Equal(0.5, DecisionRule.Tune(probabilities, [0, 1], [0.5, 0.5]).Threshold!.Value, 1e-7);

        // F1 is 2/3 at 0.7 (one found, one missed) and at 0.25 (both found, two false alarms).
        float[] tied = [0.9f, 0.1f, 0.6f, 0.4f, 0.6f, 0.4f, 0.6f, 0.4f, 0f, 1f];
        int[] labels = [0, 0, 0, 1, 1];
        Assert.Equal(0.25, DecisionRule.Tune(tied, labels, [0.8, 0.2]).Threshold!.Value, 1e-7);
        Assert.Equal(0.7, DecisionRule.Tune(tied, labels, [0.51, 0.49]).Threshold!.Value, 1e-7);
    }

    [Fact]
    public void Validation_rows_that_cannot_tell_leave_the_prior_rule()
    {
        Assert.Equal(0.2, DecisionRule.Tune([0.5f, 0.5f, 0.5f, 0.5f], [0, 1], [0.8, 0.2]).Threshold);
        Assert.Equal(0.2, DecisionRule.Tune([0.9f, 0.1f, 0.5f, 0.5f], [0, 0], [0.8, 0.2]).Threshold);
        Assert.Equal(0.2, DecisionRule.Tune([], [], [0.8, 0.2]).Threshold);
        Assert.Equal(DecisionRule.Prior([0.6, 0.3, 0.1]).Weights, DecisionRule.Tune([], [], [0.6, 0.3, 0.1]).Weights);
    }

    [Fact]
    public void Tuned_weights_never_do_worse_than_half_or_prior_where_they_were_tuned()
    {
        var random = new Random(4);
        int better = 0;
        for (int repeat = 0; repeat < 30; repeat++)
        {
            double[] prior = [0.6, 0.3, 0.1];
            var (probabilities, labels) = Draw(random, rows: 97, prior, decimals: 6);
            double tuned = MacroF1(DecisionRule.Tune(probabilities, labels, prior));
            double start = Math.Max(MacroF1(DecisionRule.Half(prior)), MacroF1(DecisionRule.Prior(prior)));
            Assert.True(tuned >= start, $"tuned {tuned} < {start}");
            better += tuned > start ? 1 : 0;

            double MacroF1(DecisionRule rule) => LabelScores.Compute(rule.Predict(probabilities), labels, 3, 2).F1Macro;
        }

        Assert.True(better > 15, $"{better} of 30 searches found something better.");
    }

    static (float[] Probabilities, int[] Labels) Draw(Random random, int rows, double[] prior, int decimals)
    {
        var probabilities = new float[rows * prior.Length];
        var labels = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            double draw = random.NextDouble();
            labels[row] = prior.Length - 1;
            for (int c = prior.Length - 2; c >= 0; c--)
            {
                labels[row] = draw < prior.Take(c + 1).Sum() ? c : labels[row];
            }

            double[] weights = [.. prior.Select((share, c) => share * Math.Exp(2 * random.NextDouble() + (c == labels[row] ? 1 : 0)))];
            for (int c = 0; c < prior.Length; c++)
            {
                probabilities[row * prior.Length + c] = (float)Math.Round(weights[c] / weights.Sum(), decimals);
            }
        }

        return (probabilities, labels);
    }

    static double MinorityF1(IEnumerable<int> predicted, int[] labels) =>
        LabelScores.Compute([.. predicted], labels, 2, minority: 1).F1Minority;
}
