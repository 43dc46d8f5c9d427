using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Reporting;

public sealed class ValidationChartFacts
{
    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(1e-9, 2)]
    [InlineData(-9.1e-4, 2)]
    [InlineData(-0.2, 7)]
    [InlineData(3.0, 100)]
    [InlineData(1e6, 999)]
    public void Any_change_of_the_loss_can_be_drawn(double change, int steps)
    {
        string svg = ValidationChart.Draw([Arm("un-tuned", null), Arm("real only", change, steps), Arm("<mixed>", -change, steps)]);
        Assert.InRange(svg.Split("text-anchor=\"end\"").Length - 1, 3, 12); // labels of the loss
        Assert.Contains("&lt;mixed&gt;", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
    }

    static ArmResult Arm(string name, double? change, int steps = 0)
    {
        double[] prior = [0.5, 0.5];
        var scores = ClassificationScores.Compute([0.5f, 0.5f], [0], 2, prior, DecisionRule.Half(prior));
        var model = new TabularModel(new TransformerConfig(), new Dictionary<string, float[]>(), "none");
        var tuning = change is double moved
            ? new FineTuneResult(model, steps, [new(0, double.NaN, 0.4), new(steps, 0.3, 0.4 + moved)], 1) : null;
        return new(name, tuning, DecisionRule.Half(prior), scores, scores, []);
    }
}
