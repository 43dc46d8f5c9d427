namespace CausalMixFT.Engine.Studies;

/// <summary>What an arm costs: medians over its units.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Units">How many units.</param>
/// <param name="Seconds">All stages together.</param>
/// <param name="Stages">Each stage.</param>
/// <param name="TimesBaseline">The median over cells of its mean seconds, over those of the un-tuned model.</param>
/// <param name="PeakBytes">The most bytes that the process held, at the median unit: of the process, not of the arm alone.</param>
public sealed record ArmCosts(
    string Arm, int Units, double Seconds, IReadOnlyDictionary<string, double> Stages, double TimesBaseline, double PeakBytes)
{
    /// <summary>The costs of an arm.</summary>
    internal static ArmCosts Of(StudyGains gains, string arm)
    {
        StudyScore[] units = [.. gains.Cells.SelectMany(cell => gains.Units(cell, arm))];
        string[] stages = [.. units.SelectMany(unit => unit.Seconds.Keys).Distinct()];
        double[] ratios = [.. gains.Cells.Where(cell => gains.Units(cell, arm).Count > 0 && gains.Units(cell, gains.Baseline).Count > 0)
            .Select(cell => gains.Units(cell, arm).Average(Total) / gains.Units(cell, gains.Baseline).Average(Total))
            .Where(double.IsFinite)];
        return new(
            arm, units.Length, Median(Total),
            stages.ToDictionary(stage => stage, stage => Median(unit => unit.Seconds.GetValueOrDefault(stage))),
            TableBootstrap.MedianOf(ratios), Median(unit => unit.PeakBytes));

        static double Total(StudyScore unit) => unit.Seconds.Values.Sum();
        double Median(Func<StudyScore, double> of) => TableBootstrap.MedianOf([.. units.Select(of)]);
    }
}
