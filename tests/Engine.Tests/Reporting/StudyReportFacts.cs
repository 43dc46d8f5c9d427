using System.Text.RegularExpressions;
using System.Xml.Linq;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tests.Studies;

namespace CausalMixFT.Engine.Tests.Reporting;

public sealed partial class StudyReportFacts
{
    static readonly StudyAnalysisOptions Brief = new() { Resamples = 500 };

    static readonly StudyProvenance Origin = new("A study", "causalmixft study report a.toml", DateTimeOffset.UnixEpoch, [("Seed", "7")]);

    // Gains of one arm, losses of another, nothing of a third.
    static readonly Lazy<IReadOnlyList<StudyResult>> Results = new(() => SimulatedStudy.Of(
        [new("good K=1 mixed", 0.4), new("bad K=1 mixed", -0.4), new("nothing K=1 mixed", 0)], tables: 12, shares: [0.4, 0.1], rows: [100, 300], splits: 2, seed: 21));

    static readonly Lazy<StudyAnalysis> Known = new(() => StudyAnalysis.Of(Results.Value, Brief));

    // The same, "good" being called what fine-tuning on real rows is called.
    static readonly Lazy<StudyAnalysis> BesideReal = new(() => StudyAnalysis.Of(
        [.. Results.Value.Select(one => one.Unit.Arm == "good K=1 mixed" ? one with { Unit = one.Unit with { Arm = "real" } } : one)], Brief).BesideReal()!);

    [Fact]
    public void An_arm_that_loses_is_said_to_lose()
    {
        string text = string.Join('\n', StudySummary.ByMeasure(Known.Value, StudyMeasure.RocAuc));
        Assert.Matches(@"\*\*Better\*\* than un-tuned: good K=1 mixed \+0\.\d+ \(\+0\.\d+ to \+0\.\d+\), worse on \d of 12 tables\.", text);
        Assert.Matches(@"\*\*Worse\*\* than un-tuned: bad K=1 mixed −0\.\d+ \(−0\.\d+ to −0\.\d+\), worse on 1\d of 12 tables\.", text);
        Assert.Matches(@"Nothing is established about nothing K=1 mixed", text);
        Assert.Contains("un-tuned prior-corrected nowhere differs from un-tuned", text, StringComparison.Ordinal);
        Assert.Matches(@"Of all 48 pairs of an arm and a table, [\d.]+\u00a0% are losses; the largest is −0\.\d+ by bad K=1 mixed", text);
    }

    [Fact]
    public void Arms_are_compared_with_tuning_on_real_rows_too()
    {
        string text = StudyReport.Markdown(Known.Value, BesideReal.Value, Origin, table => table);
        Assert.Contains("ROC-AUC: No arm is established to be better than real.", text, StringComparison.Ordinal);
        string worse = text.Split('\n').Single(line => line.Contains("ROC-AUC: **Worse** than real: ", StringComparison.Ordinal));
        Assert.All((string[])["bad K=1 mixed", "un-tuned", "nothing K=1 mixed"], arm => Assert.Contains($"{arm} −0.", worse, StringComparison.Ordinal));
        Assert.Matches(@"has the largest mean gain over real of 2 arms on the 6 tables that choose, −0\.\d+; .*\*\*There it is worse than real\.\*\*", text);
        Assert.Null(Known.Value.BesideReal());
        Assert.DoesNotContain("real", StudyReport.Markdown(Known.Value, null, Origin, table => table), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_done_yet_is_said_first()
    {
        var plan = new StudyPlan(
            [new("a", 100, null, 0), new("a", 100, null, 1)],
            [new(ArmKind.Untuned), new(ArmKind.Real), .. StudyArm.Product(["scm", "ctgan epochs=9"], [1], [SyntheticUse.Mixed], [SyntheticLabels.Hard], [false])]);
        var done = plan.Units.Where(unit => unit.Arm == "un-tuned" || (unit.Split == 0 && unit.Arm != "ctgan epochs=9 K=1 mixed hard")).ToHashSet();
        var unfinished = UnfinishedArm.Of(plan, done);
        Assert.Equal([new("real", 1, 2), new("scm K=1 mixed hard", 1, 2), new("ctgan epochs=9 K=1 mixed hard", 0, 2)], unfinished);
        Assert.Empty(UnfinishedArm.Of(plan, plan.Units.ToHashSet()));
        string text = StudyReport.Markdown(Known.Value, null, Origin with { Unfinished = unfinished }, table => table);
        Assert.Contains(
            "**The study is not finished: 4 of its units are left.** Nothing is done yet of ctgan epochs=9 K=1 mixed hard: it takes no part below. " +
            "Done in part: 1 of 2 units of real and scm K=1 mixed hard.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("not finished", StudyReport.Markdown(Known.Value, null, Origin, table => table), StringComparison.Ordinal);
    }

    [Fact]
    public void A_study_in_which_every_arm_loses_says_so_and_nothing_else()
    {
        var study = Study([new("a K=1 mixed", -0.5), new("b K=1 mixed", -0.6)], tables: 12, shares: [0.2], rows: [100]);
        foreach (var measure in study.Options.Primary)
        {
            string text = string.Join('\n', StudySummary.ByMeasure(study, measure));
            Assert.Contains("No arm is established to be better than un-tuned.", text, StringComparison.Ordinal);
            Assert.Contains("**Worse** than un-tuned: ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("**Better**", text, StringComparison.Ordinal);
        }

        string across = string.Join('\n', StudySummary.Across(study));
        Assert.Contains("**There it is worse than un-tuned.**", across, StringComparison.Ordinal);
        Assert.DoesNotContain("is confirmed", across, StringComparison.Ordinal);
        Assert.Contains("At threshold ½ no arm is established to be better", across, StringComparison.Ordinal);
        Assert.Contains("cells do not differ enough in skew", across, StringComparison.Ordinal);
    }

    [Fact]
    public void Arms_that_are_the_un_tuned_model_itself_claim_nothing()
    {
        // Arms that are the un-tuned model under other names; those that differ by noise are StudyAnalysisFacts' business.
        var untuned = SimulatedStudy.Of([], tables: 12, shares: [0.4, 0.1], rows: [100], splits: 2, seed: 21);
        var copies = untuned.Select(one => one with { Unit = one.Unit with { Arm = "copy K=1 mixed" } });
        var study = StudyAnalysis.Of([.. untuned, .. copies], Brief with { CorrectedBaseline = null });
        string text = string.Join('\n', study.Options.Primary.SelectMany(measure => StudySummary.ByMeasure(study, measure)).Concat(StudySummary.Across(study)));
        Assert.DoesNotContain("**Better**", text, StringComparison.Ordinal);
        Assert.False(text.Contains("**Worse**", StringComparison.Ordinal), text);
        Assert.DoesNotContain("**The gain is confirmed.**", text, StringComparison.Ordinal);
        Assert.Contains("When arms help is not established", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_tables_are_said_to_be_too_few()
    {
        var study = Study([new("a K=1 mixed", 0.5)], tables: 4, shares: [0.2], rows: [100]);
        Assert.Contains("4 tables are too few to establish anything here", StudySummary.ByMeasure(study, StudyMeasure.RocAuc)[0], StringComparison.Ordinal);
        Assert.Contains("that needs five tables", string.Join('\n', StudySummary.Across(study)), StringComparison.Ordinal);
        Assert.All(study.Primary, one => Assert.Equal(StudyVerdict.NotEstablished, one.Verdict));
    }

    [Fact]
    public void A_gain_that_a_moved_threshold_explains_is_told_from_one_that_is_left()
    {
        // An arm of the same ranking whose probabilities are those of a balanced prior: a gain at ½ alone. Another ranks better too.
        var results = SimulatedStudy.Of([new("better K=1 mixed", 0.6)], tables: 12, shares: [0.1], rows: [100], splits: 2, seed: 5);
        var moved = results.Where(one => one.Unit.Arm == "un-tuned").Select(one => StudyScore.Corrected(one, "moved K=1 mixed"));
        var study = StudyAnalysis.Of([.. results, .. moved], Brief);
        string text = string.Join('\n', StudySummary.Across(study));
        Assert.Matches(@"At threshold ½ moved K=1 mixed gains \+0\.\d+ in minority F1, with thresholds tuned for both \S+ \(.*\): what is established at ½ is not once", text);
        Assert.Matches(@"Gains in minority F1 that are left with thresholds tuned for both: better K=1 mixed \+0\.\d+", text);
    }

    [Fact]
    public void Every_page_is_whole_and_links_and_pictures_lead_somewhere()
    {
        var files = StudyReport.Files(Known.Value, BesideReal.Value, Origin);
        Assert.Equal(4 + Known.Value.Gains.Tables.Count, files.Count);
        foreach (var (name, html) in files.Where(file => file.Key.EndsWith(".html", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
            Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
            Assert.DoesNotContain("http://", html.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.All(Link().Matches(html), link => Assert.Contains(link.Groups[1].Value, files.Keys));
            string[] identifiers = [.. Identifier().Matches(html).Select(match => match.Groups[1].Value)];
            Assert.Equal(identifiers.Distinct(), identifiers);
            foreach (Match svg in Svg().Matches(html))
            {
                XDocument.Parse(svg.Value);
            }

            Assert.True(name == StudyReport.MeasuresPage || Svg().Count(html) > 0, name);
        }

        Assert.Equal(1 + 12 * 2 * 2 * 2 * 5, files[StudyReport.MeasuresFile].Count(letter => letter == '\n'));
    }

    [Fact]
    public void Pictures_follow_the_readers_light_or_dark_setting()
    {
        foreach (string picture in StudyReport.Draw(Known.Value).Values)
        {
            string themed = StudyPage.Themed(picture);
            Assert.Contains("var(--paper, #ffffff)", themed, StringComparison.Ordinal);
            Assert.Contains("var(--ink, #3d4852)", themed, StringComparison.Ordinal);
            foreach (string fixedColour in (string[])["rgb(61,72,82)", "rgb(227,231,235)", "\"#3d4852\"", "\"#fff\""])
            {
                Assert.DoesNotContain(fixedColour, themed, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public void The_critical_difference_diagram_names_every_arm_and_joins_those_alike()
    {
        var ranking = Known.Value.Rankings.Single(one => one.Measure == StudyMeasure.RocAuc);
        string svg = CriticalDifferenceChart.Draw(ranking);
        Assert.All(ranking.Arms, arm => Assert.Contains(arm, svg, StringComparison.Ordinal));
        Assert.Equal(ranking.Test.Groups().Count, svg.Split("stroke-linecap=\"round\"").Length - 1);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("a|b *c* [d](e)")]
    [InlineData("../../etc/passwd")]
    public void Names_stay_names(string table)
    {
        var results = SimulatedStudy.Of([new("<b>arm</b> K=1", 0)], tables: 2, shares: [0.2], rows: [100], splits: 1, seed: 2)
            .Select(one => one.Unit.Table == "table 00" ? one with { Unit = one.Unit with { Table = table } } : one);
        var files = StudyReport.Files(StudyAnalysis.Of([.. results], Brief), null, Origin);
        Assert.All(files.Keys, name => Assert.Matches(@"^[\w.-]+$", name));
        Assert.All(files, file => Assert.True(
            !file.Key.EndsWith(".html", StringComparison.Ordinal) ||
            (!file.Value.Contains("<script>", StringComparison.Ordinal) && !file.Value.Contains("<b>", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_folder_holds_the_report()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            StudyReportFolder.Write(folder, Known.Value, BesideReal.Value, Origin);
            Assert.Equal(StudyReport.Files(Known.Value, BesideReal.Value, Origin).Keys.Order(), Directory.GetFiles(folder).Select(Path.GetFileName).Order()!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static StudyAnalysis Study(SimulatedStudy.Arm[] arms, int tables, double[] shares, int[] rows) =>
        StudyAnalysis.Of(SimulatedStudy.Of(arms, tables, shares, rows, splits: 2, seed: 21), Brief);

    [GeneratedRegex("href=\"([^\"]+)\"")]
    private static partial Regex Link();

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Identifier();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Svg();
}
