using CausalMixFT.Engine.Studies;
using static CausalMixFT.Engine.Reporting.StudyText;

namespace CausalMixFT.Engine.Reporting;

/// <summary>What a study says, in sentences that the numbers choose: what is established, what is not, and what is lost.</summary>
/// <remarks>
/// A claim needs both: Holm's p-value at most α and an interval of the mean gain that leaves out 0 on the side of the ranks. An arm
/// that loses is said to lose in the same words as one that wins is said to win.
/// </remarks>
static class StudySummary
{
    const int MostNamed = 8;

    /// <summary>What was compared, and when a difference counts.</summary>
    public static string Lead(StudyAnalysis study)
    {
        var gains = study.Gains;
        int splits = gains.Cells.Max(cell => gains.Units(cell, gains.Baseline).Count);
        return $"{TaskSummary.Count(gains.Arms.Count, "arm")} beside {Name(gains.Baseline)} on {TaskSummary.Count(gains.Tables.Count, "table")}, " +
            $"{TaskSummary.Count(gains.Cells.Count, "cell")} (a table, so many training rows, such a skew) of up to {TaskSummary.Count(splits, "split")}. " +
            $"A difference is called established when Holm's p-value, over all {Tested(study)} comparisons of an arm by " +
            $"{List([.. study.Options.Primary.Select(measure => measure.Name)])}, is at most {Of($"{study.Options.Alpha}")} and the 95 % interval of the mean gain " +
            "leaves out 0 on the same side. Intervals and tests are over tables: splits are averaged first, then cells.";
    }

    /// <summary>What is not done yet, and what that means for all that follows.</summary>
    public static string Unfinished(IReadOnlyList<UnfinishedArm> arms)
    {
        int left = arms.Sum(arm => arm.Planned - arm.Done);
        string[] none = [.. arms.Where(arm => arm.Done == 0).Select(arm => Name(arm.Arm))];
        string[] some = [.. arms.Where(arm => arm.Done > 0).GroupBy(arm => (arm.Done, arm.Planned))
            .Select(alike => Of($"{alike.Key.Done} of {alike.Key.Planned} units of {List([.. alike.Select(arm => Name(arm.Arm))])}"))];
        return Of($"**The study is not finished: {left:N0} of its units are left.** ") +
            (none.Length > 0 ? $"Nothing is done yet of {List(none)}: {(none.Length == 1 ? "it takes" : "they take")} no part below. " : "") +
            (some.Length > 0 ? $"Done in part: {string.Join("; ", some)}. Each is compared with others on the draws that both have, so two such arms may stand on different draws." : "");
    }

    /// <summary>The sentences about one primary measure.</summary>
    public static IReadOnlyList<string> ByMeasure(StudyAnalysis study, StudyMeasure measure)
    {
        ArmComparison[] all = [.. study.Primary.Where(one => one.Measure == measure && one.Gains.Count > 0).OrderByDescending(one => one.Mean.Estimate)];
        ArmComparison[] better = With(StudyVerdict.Better), worse = [.. With(StudyVerdict.Worse).Reverse()];
        ArmComparison[] unclear = With(StudyVerdict.Contradictory), open = [.. With(StudyVerdict.NotEstablished).Where(one => one.IsTested)];
        var sentences = new List<string>
        {
            better.Length == 0 ? $"No arm is established to be better than {Name(study.Gains.Baseline)}."
                : $"**Better** than {Name(study.Gains.Baseline)}: {Each(better)}.",
            worse.Length == 0 ? $"No arm is established to be worse than {Name(study.Gains.Baseline)}."
                : $"**Worse** than {Name(study.Gains.Baseline)}: {Each(worse)}.",
        };
        if (unclear.Length > 0)
        {
            sentences.Add($"Unclear, for ranks and mean disagree (many small differences on one side, few large ones on the other): {Each(unclear)}.");
        }

        if (open.Length > 0)
        {
            sentences.Add($"Nothing is established about {Each(open)}." + Lean(open));
        }

        if (all.Where(one => !one.IsTested).Select(one => Name(one.Arm)).ToArray() is { Length: > 0 } same)
        {
            sentences.Add($"{List(same)} nowhere differ{(same.Length == 1 ? "s" : "")} from {Name(study.Gains.Baseline)}.");
        }

        int comparisons = all.Sum(one => one.Gains.Count), losses = all.Sum(one => one.Losses);
        if (comparisons > 0)
        {
            sentences.Add(
                $"Of all {comparisons} pairs of an arm and a table, {Percent((double)losses / comparisons)} are losses" +
                (all.Where(one => one.WorstCell is not null).MinBy(one => one.WorstCell!.Gain) is { WorstCell: { } cell } worst
                    ? $"; the largest is {Gain(cell.Gain)} by {Name(worst.Arm)} on {Name(cell.Cell.Table)} ({Cell(cell.Cell)})." : "."));
        }

        if (Reach(study, all) is string reach)
        {
            sentences.Insert(0, reach);
        }

        return sentences;

        ArmComparison[] With(StudyVerdict verdict) => [.. all.Where(one => one.Verdict == verdict)];
    }

    /// <summary>What is more than one measure: thresholds, the choice of an arm, when arms help, what they cost.</summary>
    public static IReadOnlyList<string> Across(StudyAnalysis study) =>
    [
        .. Thresholds(study), .. Choices(study), .. When(study), .. Stability(study), .. Costs(study),
    ];

    /// <summary>What the first half of the tables chooses, and what comes of it on the second.</summary>
    public static IEnumerable<string> Choices(StudyAnalysis study) =>
        study.Chosen.Where(chosen => !chosen.Swapped).Select(chosen => Choice(chosen, study.Gains.Baseline));

    /// <summary>"'A' was the best of 12 arms …, and this is confirmed …".</summary>
    public static string Choice(ChosenArm chosen, string baseline)
    {
        double alpha = 0.05;
        string outcome = chosen.Test.PValue <= alpha && chosen.ConfirmedGain.Low > 0 ? "**The gain is confirmed.**"
            : chosen.Test.PValue <= alpha && chosen.ConfirmedGain.High < 0 ? $"**There it is worse than {Name(baseline)}.**"
            : "**The gain is not confirmed.**";
        return $"By {chosen.Measure.Name}, {Name(chosen.Arm)} has the largest mean gain over {Name(baseline)} of {chosen.Candidates} {chosen.Family} on the {TaskSummary.Count(chosen.ChoosingTables.Count, "table")} that choose, " +
            $"{Gain(chosen.ChoosingGain)}; on the {TaskSummary.Count(chosen.ConfirmingTables.Count, "table")} that had no say it is {Gain(chosen.ConfirmedGain)}, {WithP(chosen.Test.PValue)}, " +
            $"better on {chosen.Confirming.Wins} and worse on {chosen.Confirming.Losses}. {outcome}";
    }

    // No p-value of so few tables can pass: better said than left to be taken for equality.
    static string? Reach(StudyAnalysis study, ArmComparison[] all)
    {
        int most = all.Select(one => one.Gains.Count).DefaultIfEmpty(0).Max();
        double least = WilcoxonSignedRank.LeastPValue(most);
        return least * Tested(study) <= study.Options.Alpha ? null
            : $"**{TaskSummary.Count(most, "table")} are too few to establish anything here**: even an arm that wins on each has p = {Of($"{least:0.####}")}, and the smallest of {Tested(study)} " +
              $"p-values is multiplied with {Tested(study)}. What follows describes these tables only.";
    }

    static int Tested(StudyAnalysis study) => study.Primary.Count(one => one.IsTested);

    static string Each(ArmComparison[] arms) =>
        string.Join("; ", arms.Take(MostNamed).Select(one =>
            $"{Name(one.Arm)} {Gain(one.Mean)}, worse on {one.Losses} of {TaskSummary.Count(one.Gains.Count, "table")}")) +
        (arms.Length > MostNamed ? $"; and {arms.Length - MostNamed} more in the table below" : "");

    // An interval that leaves out 0 without a p-value that holds is the usual way to claim too much.
    static string Lean(ArmComparison[] open)
    {
        string[] names = [.. open.Where(one => one.Mean.LeavesOutZero).Select(one => Name(one.Arm))];
        return names.Length == 0 ? ""
            : $" The interval{(names.Length == 1 ? "" : "s")} of {List(names)} leave{(names.Length == 1 ? "s" : "")} out 0, but that does not hold once all comparisons are counted.";
    }

    static IEnumerable<string> Thresholds(StudyAnalysis study)
    {
        var half = Named(StudyMeasure.MinorityF1Half);
        var tuned = Named(StudyMeasure.MinorityF1Tuned);
        string[] both = [.. half.Keys.Where(arm => arm != study.Options.CorrectedBaseline && half[arm].Verdict == StudyVerdict.Better)];
        ArmComparison[] moved = [.. both.Where(arm => tuned[arm].Verdict != StudyVerdict.Better).Select(arm => half[arm])];
        ArmComparison[] kept = [.. both.Where(arm => tuned[arm].Verdict == StudyVerdict.Better).Select(arm => half[arm])];
        if (both.Length == 0)
        {
            yield return "At threshold ½ no arm is established to be better in minority F1, so there is no gain there that a moved threshold could explain.";
        }

        if (moved.Length > 0)
        {
            yield return "At threshold ½ " + string.Join("; ", moved.Select(one => $"{Name(one.Arm)} gains {Gain(one.Mean.Estimate)} in minority F1, with thresholds tuned for both {Gain(tuned[one.Arm].Mean)}")) +
                $": what is established at ½ is not once {Name(study.Gains.Baseline)} may move its threshold too.";
        }

        if (kept.Length > 0)
        {
            yield return "Gains in minority F1 that are left with thresholds tuned for both: " +
                string.Join("; ", kept.Select(one => $"{Name(one.Arm)} {Gain(tuned[one.Arm].Mean)} (at ½ {Gain(one.Mean.Estimate)})")) + ".";
        }

        if (study.Options.CorrectedBaseline is string corrected && half.TryGetValue(corrected, out var free))
        {
            int less = half.Count(pair => pair.Key != corrected && !study.Options.References.Contains(pair.Key) && pair.Value.Mean.Estimate < free.Mean.Estimate);
            int all = half.Keys.Count(arm => arm != corrected && !study.Options.References.Contains(arm));
            yield return $"Correcting {Name(study.Gains.Baseline)} for the training prior trains nothing; at ½ it changes minority F1 by {Gain(free.Mean)}, and {less} of {TaskSummary.Count(all, "tuned arm")} " +
                $"gain{(less == 1 ? "s" : "")} less than that.";
        }

        Dictionary<string, ArmComparison> Named(StudyMeasure measure) =>
            study.All.Where(one => one.Measure == measure && one.Gains.Count > 0).ToDictionary(one => one.Arm);
    }

    static IEnumerable<string> When(StudyAnalysis study)
    {
        int effects = study.Regressions.Sum(one => one.Effects.Count);
        if (effects == 0)
        {
            yield return "When arms help cannot be told: " + (study.Regressions.Count == 0
                ? "that needs five tables with results."
                : "the study's cells do not differ enough in skew, rows or columns.");
            yield break;
        }

        var found = study.Regressions.SelectMany(one => one.Effects.Select(effect => (one.Arm, one.Measure, Effect: effect)))
            .Where(one => one.Effect.HolmPValue <= study.Options.Alpha).OrderBy(one => one.Effect.HolmPValue).ToArray();
        yield return found.Length == 0
            ? "When arms help is not established: no property of tables or draws changes the gain of any arm once all such tests are counted."
            : "When arms help: " + string.Join("; ", found.Take(MostNamed).Select(one =>
                $"{Name(one.Arm)} {(one.Effect.Effect > 0 ? "gains" : "loses")} {Of($"{Math.Abs(one.Effect.Effect):0.0000}")} in {one.Measure.Name} with {one.Effect.Name}")) +
                (found.Length > MostNamed ? $"; and {found.Length - MostNamed} more below." : ".");
    }

    static IEnumerable<string> Stability(StudyAnalysis study)
    {
        ArmStability[] known = [.. study.Stability.Where(one => !double.IsNaN(one.Gap.Estimate)).OrderBy(one => one.Gap.Estimate)];
        if (known.Length > 1)
        {
            yield return $"The median validation-test gap of ROC-AUC (1 − correlation over checkpoints) is smallest with {Name(known[0].Arm)}, {Score(known[0].Gap)}, and largest with {Name(known[^1].Arm)}, " +
                $"{Score(known[^1].Gap)}" + (known[0].Gap.High < known[^1].Gap.Low ? "." : "; the intervals overlap.");
        }
    }

    static IEnumerable<string> Costs(StudyAnalysis study)
    {
        ArmCosts[] tuned = [.. study.Costs.Skip(1).Where(one => double.IsFinite(one.TimesBaseline)).OrderBy(one => one.TimesBaseline)];
        if (tuned.Length > 0)
        {
            yield return $"A unit of {Name(study.Gains.Baseline)} takes {Seconds(study.Costs[0].Seconds)} at the median; the other arms take {Of($"{tuned[0].TimesBaseline:0.#}")} ({Name(tuned[0].Arm)}) to " +
                $"{Of($"{tuned[^1].TimesBaseline:0.#}")} times as long ({Name(tuned[^1].Arm)}).";
        }

        static string Seconds(double seconds) => Of($"{seconds:0.##} s");
    }

    static string Name(string arm) => MarkdownText.Name(arm);
}
