using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class StudyMeasuresFacts
{
    [Fact]
    public void Measures_agree_with_scikit_learn_and_with_their_definitions() => Assert.All(
        StatisticsCase.Read<StatisticsCase.Measures[]>("measures"), one =>
        {
            // At most 200 rows of double terms: 1e-13 relative; the probabilities are the same floats.
            var score = StudyScore.Of(Result(one));
            Assert.Equal(one.GMean, score.Test.Half.GMean, 1e-12);
            Assert.Equal(one.CalibrationError, score.Test.CalibrationError, 1e-12);
            Assert.Equal(one.Matthews, score.Test.Half.Matthews, 1e-12);
            Assert.Equal(one.AveragePrecision, score.Test.AveragePrecision, 1e-12);
            Assert.Equal(one.Brier, score.Test.Brier, 1e-7); // scikit-learn's squares were floats where there are more than two classes
            Assert.Equal(one.F1Minority, score.Test.Half.F1Minority, 1e-12);
            Assert.Equal(one.BalancedAccuracy, score.Test.Half.BalancedAccuracy, 1e-12);
            float[] corrected = PriorCorrection.Apply(one.Probabilities, one.TrainingPrior);
            Assert.All(one.Corrected.Zip(corrected), pair => Assert.Equal(pair.First, pair.Second, 1e-6)); // half a float's step at 1 is 6e-8; numpy divided by doubles
        });

    [Fact]
    public void Prior_correction_keeps_the_order_of_two_classes_and_moves_the_threshold_to_the_root_of_the_prior_odds()
    {
        // Odds 1 : 9 in training. Corrected odds are p² · 9 / (1 − p)², which reach 1 at p / (1 − p) = 1 / 3: p = 1 / 4.
        float[] p = [0.76f, 0.24f, 0.74f, 0.26f, 0.1f, 0.9f];
        float[] corrected = PriorCorrection.Apply(p, [0.9, 0.1]);
        Assert.True(corrected[1] < 0.5 && corrected[3] > 0.5 && corrected[1] < corrected[3] && corrected[3] < corrected[5]);
        Assert.Equal(1, corrected[0] + corrected[1], 1e-6);
        Assert.Equal([0.3f, 0.7f], PriorCorrection.Apply([0.3f, 0.7f], [0, 0]));
    }

    [Fact]
    public void The_correlation_gap_is_one_less_the_correlation_over_checkpoints()
    {
        Assert.Equal(0, Gap([0.6, 0.7, 0.8], [0.5, 0.6, 0.7]), 1e-12);
        Assert.Equal(2, Gap([0.6, 0.7, 0.8], [0.7, 0.6, 0.5]), 1e-12);
        Assert.Equal(1, Gap([1, 2, 3, 4], [2, 1, 1, 2]), 1e-12); // deviations (−3 −1 1 3)/2 · (1 −1 −1 1)/2: −3 + 1 − 1 + 3 = 0
        Assert.True(double.IsNaN(Gap([0.7, 0.7, 0.7], [0.5, 0.6, 0.7])));
        Assert.True(double.IsNaN(Gap([0.6, 0.7], [0.5, 0.6])));

        static double Gap(double[] validation, double[] test) => StudyScore.Of(SimulatedStudy.Unit("t", 100, null, 0, "a", 0.2, 1, 1) with
        {
            Checkpoints = [.. validation.Select((value, i) => new StudyCheckpoint(i, 1, value, 1, test[i]))],
        }).CorrelationGap;
    }

    [Fact]
    public void The_threshold_is_tuned_on_validation_rows_alone()
    {
        var unit = SimulatedStudy.Unit("t", 100, 0.1, 0, "a", 0.1, separation: 1.5, seed: 4);
        var other = unit with { TestLabels = [.. unit.TestLabels.Select(label => 1 - label)] };
        double[] prior = [.. unit.TrainCounts.Select(count => count / (double)unit.TrainCounts.Sum())];
        var rule = DecisionRule.Tune(unit.ValidationProbabilities, unit.ValidationLabels, prior);
        var expected = ClassificationScores.Compute(other.TestProbabilities, other.TestLabels, 2, prior, rule);
        Assert.Equal(expected.Tuned, StudyScore.Of(other).Test.Tuned);
    }

    static StudyResult Result(StatisticsCase.Measures one) => new()
    {
        Unit = new("golden", 100, null, 0, "a"),
        ClassNames = [.. Enumerable.Range(0, one.Classes).Select(c => $"c{c}")],
        TrainCounts = [.. one.TrainingPrior.Select(share => (int)Math.Round(1000 * share))],
        ValidationLabels = one.Labels,
        ValidationProbabilities = one.Probabilities,
        TestLabels = one.Labels,
        TestProbabilities = one.Probabilities,
    };
}
