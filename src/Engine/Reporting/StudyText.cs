using System.Globalization;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Reporting;

/// <summary>How numbers of a study are written: gains with their sign, absent ones as a dash.</summary>
static class StudyText
{
    /// <summary>"+0.0123", "−0.0040", "0".</summary>
    public static string Gain(double gain) => double.IsNaN(gain) ? "–" : Of($"{gain:+0.0000;−0.0000;0}");

    /// <summary>"+0.0123 (+0.0040 to +0.0200)".</summary>
    public static string Gain(BootstrapInterval interval) =>
        double.IsNaN(interval.Low) ? Gain(interval.Estimate) : $"{Gain(interval.Estimate)} ({Gain(interval.Low)} to {Gain(interval.High)})";

    /// <summary>"0.812".</summary>
    public static string Score(double score) => double.IsNaN(score) ? "–" : Of($"{score:0.000;−0.000;0.000}");

    /// <summary>"0.812 (0.790 to 0.830)".</summary>
    public static string Score(BootstrapInterval interval) =>
        double.IsNaN(interval.Low) ? Score(interval.Estimate) : $"{Score(interval.Estimate)} ({Score(interval.Low)} to {Score(interval.High)})";

    /// <summary>"0.032", "&lt; 0.001".</summary>
    public static string PValue(double p) => double.IsNaN(p) ? "–" : p < 0.001 ? "< 0.001" : Of($"{p:0.000}");

    /// <summary>"p = 0.032", "p &lt; 0.001".</summary>
    public static string WithP(double p) => p < 0.001 ? "p < 0.001" : $"p = {PValue(p)}";

    /// <summary>"12.5 %".</summary>
    public static string Percent(double share) => double.IsNaN(share) ? "–" : Of($"{100 * share:0.#}\u00a0%");

    /// <summary>"100 rows, 5 %", the share being that of the rarest class.</summary>
    public static string Cell(StudyCell cell) =>
        Of($"{cell.Rows:N0} rows, ") + (cell.Share is double share ? Percent(share) : "own shares");

    /// <summary>What may be said, in a word.</summary>
    public static string Verdict(ArmComparison one) => one.Verdict switch
    {
        _ when !one.IsTested => "the same",
        StudyVerdict.Better => "**better**",
        StudyVerdict.Worse => "**worse**",
        StudyVerdict.Contradictory => "unclear",
        _ => "not established",
    };

    /// <summary>Wins, ties and losses: "20 / 2 / 8".</summary>
    public static string Tally(ArmComparison one) => Of($"{one.Wins} / {one.Ties} / {one.Losses}");

    /// <summary>"a", "a and b", "a, b and c".</summary>
    public static string List(IReadOnlyList<string> items) => items.Count switch
    {
        0 => "none",
        1 => items[0],
        _ => $"{string.Join(", ", items.Take(items.Count - 1))} and {items[^1]}",
    };

    /// <summary>Text with numbers as every culture reads them.</summary>
    public static string Of(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
