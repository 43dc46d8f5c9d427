using CausalMixFT.Engine.Studies;
using static CausalMixFT.Engine.Reporting.StudyText;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The parts of a study's report after its summary.</summary>
static class StudySections
{
    const string NotPossible = "not possible: ";
    const int MostFaults = 20, MostLines = 6;

    /// <summary>The name of the picture of gains.</summary>
    public const string GainsPicture = "gains.svg";

    /// <summary>Gains of every arm by the primary measures: picture, table, and who loses how much.</summary>
    public static void WriteGains(MarkdownText text, StudyAnalysis study)
    {
        string baseline = Name(study.Gains.Baseline);
        text.Heading(2, $"Gains over {baseline}");
        text.Picture($"Mean gain of each arm over {baseline}", GainsPicture);
        text.Paragraph(
            $"Mean over tables ({Tables(study.Primary)}) and its 95 % interval: a bias-corrected and accelerated bootstrap over tables, {Of($"{study.Options.Resamples:N0}")} resamples. " +
            "Green and red are established after Holm's correction; grey is not. With fewer than about ten tables such intervals are too narrow.");
        foreach (var measure in study.Options.Primary)
        {
            text.Heading(3, measure.Name);
            text.Table(
                2, ["Arm", $"Than {baseline}", "Tables", "Mean gain (95 % interval)", "Median", "Better / same / worse", "p", "p after Holm"],
                study.Primary.Where(one => one.Measure == measure).OrderByDescending(one => one.Mean.Estimate).Select(one => (IReadOnlyList<string>)[
                    Name(one.Arm), Verdict(one), Of($"{one.Gains.Count}"), Gain(one.Mean), Gain(one.Median), Tally(one),
                    PValue(one.IsTested ? one.Test.PValue : double.NaN), PValue(one.HolmPValue)]));
        }

        text.Paragraph(
            $"p: Wilcoxon's signed-rank test over tables, two-sided, exact up to {WilcoxonSignedRank.MostExact} differences. After Holm: among all {study.Primary.Count(one => one.IsTested)} comparisons of these tables together; an arm that nowhere differs is not tested.");
        text.Heading(2, "Losses");
        text.Paragraph($"Where an arm does worse than {baseline}, however good it is on average. Of a cell, training rows and the share of the rarest class among them are named.");
        foreach (var measure in study.Options.Primary)
        {
            text.Heading(3, measure.Name);
            text.Table(
                1, ["Arm", "Tables worse", "Cells worse", "Mean loss where worse", "Worst table", "Worst cell"],
                study.Primary.Where(one => one.Measure == measure && one.Gains.Count > 0).OrderByDescending(one => (double)one.Losses / one.Gains.Count).Select(one => (IReadOnlyList<string>)[
                    Name(one.Arm), $"{one.Losses} of {one.Gains.Count} ({Percent((double)one.Losses / one.Gains.Count)})",
                    $"{one.Cells.Worse} of {one.Cells.All} ({Percent((double)one.Cells.Worse / one.Cells.All)})", Gain(one.MeanLoss),
                    one.Losses == 0 ? "–" : $"{Gain(one.Gains[0].Gain)} ({Name(one.Gains[0].Table)})",
                    one.WorstCell is null ? "–" : $"{Gain(one.WorstCell.Gain)} ({Name(one.WorstCell.Cell.Table)}, {Cell(one.WorstCell.Cell)})"]));
        }
    }

    /// <summary>Average ranks and critical differences.</summary>
    public static void WriteRanks(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Average ranks");
        if (study.Rankings.Count == 0)
        {
            text.Paragraph("Ranks need two tables on which all arms have results.");
            return;
        }

        foreach (var ranking in study.Rankings)
        {
            text.Heading(3, ranking.Measure.Name);
            text.Picture($"Average ranks by {ranking.Measure.Name}", RankPicture(ranking.Measure));
            text.Paragraph(
                $"{ranking.Arms.Count} arms, {Name(study.Gains.Baseline)} in bold, on the {TaskSummary.Count(ranking.Test.Tables, "table")} that have results of all; rank 1 is the best. A bar joins arms whose average ranks differ by less than the critical " +
                $"difference (Nemenyi, {Percent(study.Options.Alpha)}). Friedman's test that all are alike: χ² = {Of($"{ranking.Test.Statistic:0.0}")}, {WithP(ranking.Test.PValue)}." +
                (ranking.LeftOut.Count == 0 ? "" : $" Left out, for they lack half of the tables: {List([.. ranking.LeftOut.Select(Name)])}."));
        }
    }

    /// <summary>Measures and gains against skew.</summary>
    public static void WriteSkew(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Against skew");
        if (study.Curves.Count == 0)
        {
            text.Paragraph("No table was drawn at two shares of its rarest class, so there is no curve to show.");
            return;
        }

        foreach (var measure in study.Curves.GroupBy(point => point.Measure).Where(points => points.Any()))
        {
            text.Heading(3, measure.Key.Name);
            text.Picture($"{measure.Key.Name} against skew", SkewPicture(measure.Key));
            text.Paragraph(
                "Means over the tables that have every share, so that the curve is not one of changing tables; bands are 95 % intervals over tables (BCa bootstrap). They are wide because tables differ, alike for all arms: whether an arm gains is in the next picture. " +
                (study.Gains.Arms.Count >= MostLines ? $"Of {study.Gains.Arms.Count} arms {List([.. Fixed(study).Select(Name)])} and those of the best average rank are drawn." : ""));
            text.Picture($"Gain in {measure.Key.Name} against skew", SkewGainPicture(measure.Key));
            text.Paragraph($"Every arm's gain over {Name(study.Gains.Baseline)} on the same tables, with the 95 % interval of the mean of paired differences. The intervals are for one point each, not for the whole line.");
        }
    }

    /// <summary>The arms whose curves are drawn together: the baseline, its correction, and the best by rank, in a fixed number.</summary>
    public static IReadOnlyList<string> Lines(StudyAnalysis study, StudyMeasure measure)
    {
        var ranking = study.Rankings.FirstOrDefault(one => one.Measure == measure) ?? (study.Rankings.Count > 0 ? study.Rankings[0] : null);
        IEnumerable<string> best = ranking is null ? study.Gains.Arms
            : ranking.Arms.Index().OrderBy(arm => ranking.Test.AverageRanks[arm.Index]).Select(arm => arm.Item);
        string[] always = Fixed(study);
        return [.. always, .. best.Except(always).Take(MostLines - always.Length)];
    }

    static string[] Fixed(StudyAnalysis study) => [study.Gains.Baseline, .. study.Gains.Arms.Where(arm => arm == study.Options.CorrectedBaseline)];

    /// <summary>Minority and macro F1 at three thresholds.</summary>
    public static void WriteThresholds(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "The same at three thresholds");
        text.Paragraph("A classifier that finds more of a rare class only because its threshold lies lower is no better one. Gains at ½ that are gone with the threshold tuned, for un-tuned as for every arm, are such.");
        WriteMeasures(text, study, [.. StudyMeasure.All.Where(measure => measure.Key.StartsWith("f1_", StringComparison.Ordinal))]);
    }

    /// <summary>Gains by some measures, an arm a row.</summary>
    public static void WriteMeasures(MarkdownText text, StudyAnalysis study, IReadOnlyList<StudyMeasure> measures)
    {
        text.Table(
            1, ["Arm", .. measures.Select(measure => measure.Name)],
            study.Gains.Arms.Select(arm => (IReadOnlyList<string>)[Name(arm), .. measures.Select(measure =>
            {
                var one = study.All.Single(one => one.Arm == arm && one.Measure == measure);
                return one.Verdict is StudyVerdict.Better or StudyVerdict.Worse ? $"**{Gain(one.Mean.Estimate)}**" : Gain(one.Mean.Estimate);
            })]));
        text.Paragraph("Mean gains over tables, positive being better whichever way the measure runs; bold is established after Holm's correction over the arms of its column.");
    }

    /// <summary>The paper's measure, and one that does not depend on which arms took part.</summary>
    public static void WriteNormalised(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Normalised ROC-AUC");
        text.Table(
            1, ["Arm", "Normalised (un-tuned 0, best arm 1)", "Share of the way to ROC-AUC 1"],
            study.Gains.Arms.OrderByDescending(arm => study.Normalised[arm].Estimate).Select(arm => (IReadOnlyList<string>)[
                Name(arm), Score(study.Normalised[arm]), Gain(study.ShareOfHeadroom[arm])]));
        text.Paragraph(
            "Medians over tables with percentile bootstrap intervals; of each table, the mean over its cells. 0 is the un-tuned model, as in the paper (arXiv 2601.04110); what the paper takes for 1 is not public. In the first column 1 is the best arm of the cell, and " +
            "where no arm beats un-tuned the worst is −1, so that such cells count. The second, (A − A₀) / (1 − A₀), does not depend on which arms took part. Neither is comparable with the paper's 0.10 and 0.12.");
    }

    /// <summary>How well validation says which step is best.</summary>
    public static void WriteStability(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Does validation say which step is best?");
        if (study.Stability.Count == 0)
        {
            text.Paragraph("No arm has three checkpoints with scores of both validation and test rows.");
            return;
        }

        text.Table(
            1, ["Arm", "Tables", "Gap of ROC-AUC", "Gap of log-loss", "Units without"],
            study.Stability.OrderBy(one => one.Gap.Estimate).Select(one => (IReadOnlyList<string>)[
                Name(one.Arm), Of($"{one.Tables}"), Score(one.Gap), Score(one.LossGap), Of($"{one.Undefined}")]));
        text.Paragraph(
            "The validation-test correlation gap of a run is 1 − Pearson's correlation of the validation and the test measure over its checkpoints: 0 when validation moves as test does, 1 when it says nothing, 2 when it points the wrong way. " +
            $"Averaged over splits, then cells; the median over tables with its percentile bootstrap interval. Runs with fewer than {StudyScore.FewestCheckpoints} checkpoints, or in which one of both never moves, have none. The paper reports a fall of its median from 0.67 to 0.30; its " +
            "definition is not public, so these are not the same numbers.");
    }

    /// <summary>When arms help.</summary>
    public static void WriteWhen(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "When does it help?");
        if (study.Regressions.Count == 0)
        {
            text.Paragraph("That needs five tables with results.");
            return;
        }

        foreach (var measure in study.Regressions.GroupBy(one => one.Measure))
        {
            string[] names = [.. measure.SelectMany(one => one.Effects).Select(effect => effect.Name).Distinct()];
            text.Heading(3, measure.Key.Name);
            text.Table(
                1, ["Arm", "Gain of an average cell", .. names, "Spread of tables"],
                measure.OrderByDescending(one => one.Level.Effect).Select(one => (IReadOnlyList<string>)[
                    Name(one.Arm), Interval(one.Level),
                    .. names.Select(name => one.Effects.FirstOrDefault(effect => effect.Name == name) is { } effect
                        ? effect.HolmPValue <= study.Options.Alpha ? $"**{Interval(effect)}**" : Interval(effect) : "–"),
                    Of($"{one.DeviationOfTables:0.0000}")]));
        }

        string[] leftOut = [.. study.Regressions.SelectMany(one => one.LeftOut).Distinct()];
        text.Paragraph(
            "A mixed linear regression of an arm's gain in each cell on the logarithms of skew and rows and on what the table's columns are, with a random intercept for each table (restricted maximum likelihood), ± being half of the 95 % interval by Student's t. " +
            "An effect says how cells of this study differ, not what would change a table. Bold holds after Holm's correction over all effects of a measure. The spread is the standard deviation of tables that are alike in all of this." +
            (leftOut.Length == 0 ? "" : $" Left out, for the study's cells cannot tell: {List(leftOut)}."));

        // Student's intervals are symmetric.
        static string Interval(GainEffect effect) => Of($"{Gain(effect.Effect)} ± {(effect.High - effect.Low) / 2:0.0000}");
    }

    /// <summary>The arm that one half of the tables chooses, confirmed on the other.</summary>
    public static void WriteChoice(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Choosing on one half, confirming on the other");
        text.Paragraph(
            "The best of many arms looks better than it is on the tables that chose it. So tables are put in the order of a hash of their names (FNV-1a); the first half chooses the arm with the largest mean gain, and the other half, which had no say, tests that one arm. " +
            $"Not chosen from: {List([.. study.Options.References.Append(study.Options.CorrectedBaseline).OfType<string>().Select(Name)])}.");
        text.List(study.Chosen.Select(chosen =>
            (chosen.Swapped ? "The other way round, as a check. " : "") + StudySummary.Choice(chosen, study.Gains.Baseline)));
        if (study.Chosen.Count > 0)
        {
            var (first, second) = ChosenArm.Halves(study.Gains.Tables);
            text.Paragraph($"First half: {List([.. first.Select(Name)])}. Second half: {List([.. second.Select(Name)])}.");
        }
    }

    /// <summary>How good generators' rows are, beside what they are worth.</summary>
    public static void WriteQuality(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "Synthetic rows: quality beside utility");
        if (study.Quality.Count == 0)
        {
            text.Paragraph("No synthetic rows were judged.");
            return;
        }

        string[] names = [.. study.Quality.SelectMany(one => one.Quality.Keys).Distinct().Order(StringComparer.Ordinal)];
        text.Table(
            1, ["Generator", "Tables", .. names, .. study.Options.Primary.Select(measure => $"Gain in {measure.Name}")],
            study.Quality.GroupBy(one => one.Generator).Select(generator => (IReadOnlyList<string>)[
                Name(generator.Key), Of($"{generator.Count()}"),
                .. names.Select(name => Score(Mean(generator.Where(one => one.Quality.ContainsKey(name)).Select(one => one.Quality[name])))),
                .. study.Options.Primary.Select(measure => Gain(Mean(generator.Where(one => one.Gains.ContainsKey(measure.Key)).Select(one => one.Gains[measure.Key]))))]));
        text.Paragraph("Means over tables of each generator's arms; the page of a table has its own. What a measure of quality cannot see is said by `evaluate --synthetic`.");
        if (study.QualityAndGain.Count > 0)
        {
            text.Table(
                1, ["Measure of quality", .. study.Options.Primary.Select(measure => $"with gain in {measure.Name}")],
                study.QualityAndGain.GroupBy(one => one.Quality).OrderBy(one => one.Key, StringComparer.Ordinal).Select(quality => (IReadOnlyList<string>)[
                    Name(quality.Key), .. study.Options.Primary.Select(measure => quality.FirstOrDefault(one => one.Measure == measure).Correlation is { } correlation ? Score(correlation) : "–")]));
            text.Paragraph("Spearman's correlation, across the generators of one table, of quality with gain; the mean over tables that have three generators or more, with its 95 % bootstrap interval over tables. 0 says that better-looking rows are worth no more.");
        }

        static double Mean(IEnumerable<double> values) => values.DefaultIfEmpty(double.NaN).Average();
    }

    /// <summary>Time and memory.</summary>
    public static void WriteCosts(MarkdownText text, StudyAnalysis study)
    {
        string[] stages = [.. study.Costs.SelectMany(one => one.Stages.Keys).Distinct()];
        text.Heading(2, "Time and memory");
        text.Table(
            1, ["Arm", "Units", "Seconds", $"× {Name(study.Gains.Baseline)}", .. stages.Select(stage => $"{stage} (s)"), "Peak memory (MiB)"],
            study.Costs.Select(one => (IReadOnlyList<string>)[
                Name(one.Arm), Of($"{one.Units}"), Of($"{one.Seconds:0.##}"), double.IsFinite(one.TimesBaseline) ? Of($"{one.TimesBaseline:0.#}") : "–",
                .. stages.Select(stage => one.Stages.TryGetValue(stage, out double seconds) ? Of($"{seconds:0.##}") : "–"), Of($"{one.PeakBytes / (1 << 20):N0}")]));
        text.Paragraph("Medians over units, of seconds as the machine at hand took them; what several arms share is counted for each. Memory is the most that the whole process held while the unit was at work, not what the arm needs by itself.");
    }

    /// <summary>The tables, with links to their pages.</summary>
    public static void WriteTables(MarkdownText text, StudyAnalysis study, Func<string, string> page)
    {
        text.Heading(2, "Tables");
        var best = study.Options.Primary.ToDictionary(measure => measure, measure => study.Gains.Arms
            .SelectMany(arm => study.Gains.OnTables(measure, arm).Select(gain => (arm, gain))).ToLookup(pair => pair.gain.Table));
        text.Table(
            1, ["Table", "Cells", .. study.Options.Primary.SelectMany(measure => (string[])[$"Arms better / worse in {measure.Name}", "worst … best gain"])],
            study.Gains.Tables.Select(table => (IReadOnlyList<string>)[
                $"[{Name(table)}]({page(table)})", Of($"{study.Gains.Cells.Count(cell => cell.Table == table)}"),
                .. study.Options.Primary.SelectMany(measure =>
                {
                    double[] gains = [.. best[measure][table].Select(pair => pair.gain.Gain)];
                    return (string[])[$"{gains.Count(gain => gain > 0)} / {gains.Count(gain => gain < 0)}", gains.Length == 0 ? "–" : $"{Gain(gains.Min())} … {Gain(gains.Max())}"];
                })]));
    }

    /// <summary>Units without scores, and how measures are defined.</summary>
    public static void WriteRest(MarkdownText text, StudyAnalysis study)
    {
        text.Heading(2, "What has no scores");
        StudyResult[] impossible = [.. study.Faults.Where(one => one.Fault!.StartsWith(NotPossible, StringComparison.Ordinal))];
        StudyResult[] faults = [.. study.Faults.Except(impossible)];
        text.Paragraph(study.Faults.Count == 0 ? "Every unit has scores."
            : $"{TaskSummary.Count(faults.Length, "unit")} failed and {impossible.Length} were not possible (a table has not the rows for such a draw). They are left out of every comparison: an arm is compared with {Name(study.Gains.Baseline)} on the splits that both have.");
        text.List(faults.Take(MostFaults).Select(one => Name($"{one.Unit.Table}, {Cell(new(one.Unit.Table, one.Unit.Rows, one.Unit.Share))}, split {one.Unit.Split}, {one.Unit.Arm}: {one.Fault}"))
            .Concat(faults.Length > MostFaults ? [$"and {faults.Length - MostFaults} more."] : []));
        text.Heading(2, "How it is measured");
        text.List(StudyMeasure.All.Select(measure => $"{measure.Name}: {measure.Definition}{(measure.HigherIsBetter ? "" : " (less is better)")}."));
        text.Paragraph("With more than two classes, ROC-AUC and AUPRC are means over classes of one against the rest. Test rows keep the table's own shares of classes. The prior-corrected arm is un-tuned with p ∝ p̂² / p(train), normalised (arXiv 2605.04363).");
    }

    /// <summary>The name of the picture of ranks.</summary>
    public static string RankPicture(StudyMeasure measure) => $"ranks-{measure.Key}.svg";

    /// <summary>The name of the picture of a measure against skew.</summary>
    public static string SkewPicture(StudyMeasure measure) => $"skew-{measure.Key}.svg";

    /// <summary>The name of the picture of gains against skew.</summary>
    public static string SkewGainPicture(StudyMeasure measure) => $"skew-gain-{measure.Key}.svg";

    static string Tables(IEnumerable<ArmComparison> comparisons)
    {
        int[] counts = [.. comparisons.Select(one => one.Gains.Count).Distinct().Order()];
        return counts.Length == 1 ? Of($"n = {counts[0]}") : Of($"n = {counts[0]} to {counts[^1]}, by arm");
    }

    static string Name(string name) => MarkdownText.Name(name);
}
