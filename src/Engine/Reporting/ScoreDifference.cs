using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Reporting;

/// <summary>How much better one arm's ROC-AUC is than another's on the test rows, and how sure that is.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Baseline">The arm that it is compared with.</param>
/// <param name="RocAuc">The arm's ROC-AUC minus the baseline's; NaN where the rows cannot tell.</param>
/// <param name="Low">The lower end of a 95 % interval: a paired bootstrap over test rows, 1000 resamples.</param>
/// <param name="High">The upper end.</param>
public sealed record ScoreDifference(string Arm, string Baseline, double RocAuc, double Low, double High)
{
    /// <summary>Whether the interval leaves out 0.</summary>
    public bool IsBeyondChance => Low > 0 || High < 0;

    /// <summary>Each tuned arm against the un-tuned model, the mixed arm first, and then against real rows alone.</summary>
    public static IReadOnlyList<ScoreDifference> Of(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var task = result.Task;
        int classes = task.ClassNames.Count;
        int[] labels = [.. result.Split.Test.Select(row => task.Labels[row])];
        int[] train = [.. result.Split.Train.Select(row => task.Labels[row])];
        var bootstrap = new PairedBootstrap(
            [.. result.Arms.Select(arm => arm.TestProbabilities)], labels, classes,
            DecisionRule.RarestOf(DecisionRule.PriorOf(train, classes)), result.Options.Seed);
        var pairs =
            from baseline in Enumerable.Range(0, result.Arms.Count)
            from arm in Enumerable.Range(0, result.Arms.Count)
            where arm > baseline
            orderby baseline, arm descending
            select (arm, baseline);
        return [.. pairs.Select(pair =>
        {
            var (arm, baseline) = (result.Arms[pair.arm], result.Arms[pair.baseline]);
            var (low, high) = bootstrap.Difference(pair.arm, pair.baseline);
            return new ScoreDifference(arm.Name, baseline.Name, arm.Test.RocAuc - baseline.Test.RocAuc, low, high);
        })];
    }
}
