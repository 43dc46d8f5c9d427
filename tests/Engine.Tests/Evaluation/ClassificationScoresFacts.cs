using System.Text.Json;
using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Tests.Evaluation;

public sealed class ClassificationScoresFacts
{
    // Both sides add at most 400 double terms: 400 · 1.1e-16 = 4.4e-14 relative, and the largest metric is 2.1.
    // Worst seen: 4.0e-15.
    const double Tolerance = 1e-12;

    public static TheoryData<string> Cases => [.. MetricCase.All.Select(metricCase => metricCase.Name)];

    [Theory, MemberData(nameof(Cases))]
    public void Every_metric_agrees_with_scikit_learn(string name)
    {
        var expected = MetricCase.All.Single(metricCase => metricCase.Name == name);
        var rule = DecisionRule.Half(expected.TrainingPrior);
        var scores = ClassificationScores.Compute(
            expected.Probabilities, expected.Labels, expected.Classes, expected.TrainingPrior, rule);
        Assert.Equal(expected.Labels.Length, scores.Rows);
        Assert.Equal(expected.RocAuc, scores.RocAuc, Tolerance);
        Assert.Equal(expected.AveragePrecision, scores.AveragePrecision, Tolerance);
        Assert.Equal(expected.LogLoss, scores.LogLoss, Tolerance);
        Assert.Equal(expected.Brier, scores.Brier, Tolerance);
        AssertSame(expected.Half, scores.Half);
        AssertSame(expected.Prior, scores.Prior);
        AssertSame(expected.Half, scores.Tuned);
    }

    [Fact]
    public void A_single_class_leaves_ranking_undefined_and_the_rest_defined()
    {
        float[] probabilities = [0.9f, 0.1f, 0.2f, 0.8f];
        var scores = ClassificationScores.Compute(probabilities, [0, 0], 2, [0.9, 0.1], DecisionRule.Half([0.9, 0.1]));
        Assert.True(double.IsNaN(scores.RocAuc));
        Assert.True(double.IsNaN(scores.AveragePrecision));
        Assert.True(double.IsNaN(scores.Half.Matthews));
        Assert.Equal(0.5, scores.Half.Accuracy);
        Assert.Equal(0.5, scores.Half.BalancedAccuracy);
        Assert.Equal(0, scores.Half.F1Minority);
        string json = JsonSerializer.Serialize(scores);
        Assert.Contains("\"RocAuc\":null", json, StringComparison.Ordinal);
        Assert.True(double.IsNaN(JsonSerializer.Deserialize<ClassificationScores>(json)!.RocAuc));
    }

    [Fact]
    public void A_minority_that_is_neither_there_nor_predicted_has_no_F1() =>
        Assert.True(double.IsNaN(LabelScores.Compute([0, 0], [0, 0], 2, minority: 1).F1Minority));

    [Fact]
    public void No_rows_leave_every_metric_undefined()
    {
        var scores = ClassificationScores.Compute([], [], 2, [0.5, 0.5], DecisionRule.Half([0.5, 0.5]));
        Assert.All(
            [scores.RocAuc, scores.AveragePrecision, scores.LogLoss, scores.Brier, scores.Half.Accuracy, scores.Half.F1Macro,
                scores.Half.F1Minority, scores.Half.BalancedAccuracy, scores.Half.Matthews],
            metric => Assert.True(double.IsNaN(metric)));
    }

    [Fact]
    public void A_probability_that_is_no_number_leaves_its_metrics_undefined()
    {
        float[] probabilities = [0.9f, 0.1f, float.NaN, float.NaN];
        var scores = ClassificationScores.Compute(probabilities, [0, 1], 2, [0.5, 0.5], DecisionRule.Half([0.5, 0.5]));
        Assert.All([scores.RocAuc, scores.AveragePrecision, scores.LogLoss, scores.Brier], metric => Assert.True(double.IsNaN(metric)));
    }

    [Fact]
    public void Perfect_probabilities_score_perfectly()
    {
        float[] probabilities = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0];
        var scores = ClassificationScores.Compute(probabilities, [0, 1, 2, 0], 3, [0.5, 0.3, 0.2], DecisionRule.Half([0.5, 0.3, 0.2]));
        Assert.Equal((1.0, 1.0, 0.0), (scores.RocAuc, scores.AveragePrecision, scores.Brier));
        Assert.Equal((1.0, 1.0, 1.0), (scores.Half.F1Macro, scores.Half.F1Minority, scores.Half.Matthews));

        // −log((1 − ε) / (1 + ε)) with ε = 2⁻²³ for the clip.
        Assert.Equal(2 * Math.Pow(2, -23), scores.LogLoss, Tolerance);
    }

    static void AssertSame(LabelScores expected, LabelScores actual)
    {
        Assert.Equal(expected.F1Macro, actual.F1Macro, Tolerance);
        Assert.Equal(expected.F1Minority, double.IsNaN(actual.F1Minority) ? 0 : actual.F1Minority, Tolerance); // scikit-learn says 0
        Assert.Equal(expected.BalancedAccuracy, actual.BalancedAccuracy, Tolerance);
        Assert.Equal(expected.Accuracy, actual.Accuracy, Tolerance);
        Assert.Equal(expected.Matthews, actual.Matthews, Tolerance);
    }
}
