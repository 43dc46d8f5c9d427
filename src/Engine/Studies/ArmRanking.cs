namespace CausalMixFT.Engine.Studies;

/// <summary>The average ranks of arms by one measure, the un-tuned model among them.</summary>
/// <param name="Measure">The measure.</param>
/// <param name="Arms">The ranked arms.</param>
/// <param name="LeftOut">Arms that have results on fewer than half of the tables.</param>
/// <param name="Test">Ranks and critical difference over the tables that all ranked arms have.</param>
public sealed record ArmRanking(StudyMeasure Measure, IReadOnlyList<string> Arms, IReadOnlyList<string> LeftOut, FriedmanTest Test)
{
    /// <summary>Ranks arms; null where fewer than two arms or tables are left.</summary>
    internal static ArmRanking? Of(StudyGains gains, StudyMeasure measure, double alpha)
    {
        var counts = gains.Arms.ToDictionary(arm => arm, arm => gains.OnTables(measure, arm).Count);
        string[] arms = [.. gains.Arms.Where(arm => 2 * counts[arm] >= gains.Tables.Count)];
        var common = gains.InCommon(measure, arms);
        if (arms.Length == 0 || common.Count < 2)
        {
            return null;
        }

        // The un-tuned model's gain over itself is 0.
        double[][] scores = [.. common.Select(table => (double[])[0, .. table.Gains])];
        return new(measure, [gains.Baseline, .. arms], [.. gains.Arms.Except(arms)], FriedmanTest.Run(scores, alpha));
    }
}
