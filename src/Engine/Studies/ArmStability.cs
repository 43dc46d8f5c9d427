namespace CausalMixFT.Engine.Studies;

/// <summary>How well validation says which step is best: the validation-test correlation gap of an arm, medians over tables.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Tables">Tables that have a gap.</param>
/// <param name="Undefined">Units without one: fewer than three checkpoints, or a ROC-AUC that never moved.</param>
/// <param name="Gap">1 − correlation of validation and test ROC-AUC over checkpoints; splits are averaged, then cells.</param>
/// <param name="LossGap">The same of the log-loss.</param>
public sealed record ArmStability(string Arm, int Tables, int Undefined, BootstrapInterval Gap, BootstrapInterval LossGap)
{
    /// <summary>The gap of an arm; null where nothing was tuned.</summary>
    internal static ArmStability? Of(StudyGains gains, string arm, Func<int, TableBootstrap> bootstrap)
    {
        double[] areas = Gaps(unit => unit.CorrelationGap), losses = Gaps(unit => unit.LossCorrelationGap);
        int undefined = gains.Cells.Sum(cell => gains.Units(cell, arm).Count(unit => double.IsNaN(unit.CorrelationGap)));
        return areas.Length == 0 && losses.Length == 0 ? null
            : new(arm, areas.Length, undefined, bootstrap(areas.Length).Median(areas), bootstrap(losses.Length).Median(losses));

        double[] Gaps(Func<StudyScore, double> of) => [.. StudyGains.ByTable(gains.Cells
            .Select(cell => (cell, gains.Units(cell, arm).Select(of).Where(gap => !double.IsNaN(gap)).DefaultIfEmpty(double.NaN).Average()))
            .Where(pair => !double.IsNaN(pair.Item2))).Select(table => table.Gain)];
    }
}
