using System.Globalization;
using System.Text;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Reporting;

/// <summary>Where a study's numbers come from.</summary>
/// <param name="Name">What the study is called.</param>
/// <param name="Command">The command line that made the report.</param>
/// <param name="Started">When.</param>
/// <param name="Facts">What else a reader needs, such as the study's settings, by name.</param>
public sealed record StudyProvenance(string Name, string Command, DateTimeOffset Started, IReadOnlyList<(string Name, string Value)> Facts)
{
    /// <summary>Arms that are not done yet.</summary>
    public IReadOnlyList<UnfinishedArm> Unfinished { get; init; } = [];
}

/// <summary>The report on a study as files of one folder: a first page, a page for all measures, one for each table, and the numbers.</summary>
public static class StudyReport
{
    /// <summary>The page to open first.</summary>
    public const string Page = "index.html";

    /// <summary>The page of all measures.</summary>
    public const string MeasuresPage = "measures.html";

    /// <summary>The page on which arms are compared with fine-tuning on real rows.</summary>
    public const string RealPage = "beside-real.html";

    /// <summary>The file of every unit's measures.</summary>
    public const string MeasuresFile = "measures.csv";

    /// <summary>The files' texts by name.</summary>
    /// <param name="study">Every arm beside the un-tuned model.</param>
    /// <param name="besideReal">Every arm beside fine-tuning on real rows; null where the study has no such arm.</param>
    /// <param name="provenance">Where the numbers come from.</param>
    public static IReadOnlyDictionary<string, string> Files(StudyAnalysis study, StudyAnalysis? besideReal, StudyProvenance provenance)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(provenance);
        var pages = study.Gains.Tables.Select((table, i) => (table, file: TableFile(table, i))).ToDictionary(pair => pair.table, pair => pair.file);
        var files = new Dictionary<string, string>
        {
            [Page] = StudyPage.Render($"{provenance.Name} – study – CausalMixFT", Markdown(study, besideReal, provenance, table => pages[table]), Draw(study)),
            [MeasuresPage] = StudyPage.Render($"{provenance.Name}: all measures – CausalMixFT", Measures(study), new Dictionary<string, string>()),
            [MeasuresFile] = Csv(study),
        };
        if (besideReal is not null)
        {
            files[RealPage] = StudyPage.Render($"{provenance.Name}: beside real rows – CausalMixFT", BesideReal(besideReal), Draw(besideReal));
        }

        foreach (var (table, file) in pages)
        {
            files[file] = StudyTablePage.Render(study, table, Page);
        }

        return files;
    }

    /// <summary>The first page as Markdown.</summary>
    public static string Markdown(StudyAnalysis study, StudyAnalysis? besideReal, StudyProvenance provenance, Func<string, string> page)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(provenance);
        var text = new MarkdownText();
        text.Heading(1, MarkdownText.Name(provenance.Name));
        text.Heading(2, "In plain words");
        if (provenance.Unfinished.Count > 0)
        {
            text.Paragraph(StudySummary.Unfinished(provenance.Unfinished));
        }

        WriteSentences(text, study);
        if (besideReal is not null)
        {
            text.Heading(3, "Beside fine-tuning on real rows alone");
            text.Paragraph($"What synthetic rows add to what tuning adds: {MarkdownText.Name(besideReal.Gains.Baseline)} is what arms are compared with here ([all of it]({RealPage})).");
            text.List([.. besideReal.Options.Primary.SelectMany(measure => StudySummary.ByMeasure(besideReal, measure).Select(said => $"{measure.Name}: {said}")),
                .. StudySummary.Choices(besideReal)]);
        }

        text.Heading(3, "Besides");
        text.List(StudySummary.Across(study));
        StudySections.WriteGains(text, study);
        StudySections.WriteRanks(text, study);
        StudySections.WriteSkew(text, study);
        StudySections.WriteThresholds(text, study);
        text.Paragraph($"[All measures]({MeasuresPage}), and [every unit's as CSV]({MeasuresFile}).");
        StudySections.WriteNormalised(text, study);
        StudySections.WriteChoice(text, study);
        StudySections.WriteWhen(text, study);
        StudySections.WriteStability(text, study);
        StudySections.WriteQuality(text, study);
        StudySections.WriteCosts(text, study);
        StudySections.WriteTables(text, study, page);
        StudySections.WriteRest(text, study);

        text.Heading(2, "How it was made");
        text.Table(2, ["", ""], [
            .. provenance.Facts.Select(fact => (IReadOnlyList<string>)[MarkdownText.Name(fact.Name), MarkdownText.Name(fact.Value)]),
            ["Program", $"CausalMixFT {Provenance.Program}, {MarkdownText.Name(Provenance.Platform)}"],
            ["Started", provenance.Started.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)],
        ]);
        text.Paragraph("To repeat it:");
        text.Code(provenance.Command);
        return text.ToString();
    }

    /// <summary>The first page's pictures, SVG documents by the name under which it asks for them.</summary>
    public static IReadOnlyDictionary<string, string> Draw(StudyAnalysis study)
    {
        ArgumentNullException.ThrowIfNull(study);
        var pictures = new Dictionary<string, string>();
        if (study.Gains.Arms.Count > 0)
        {
            pictures[StudySections.GainsPicture] = StudyGainsChart.Draw(study.Primary, study.Gains.Baseline);
        }

        foreach (var ranking in study.Rankings)
        {
            pictures[StudySections.RankPicture(ranking.Measure)] = CriticalDifferenceChart.Draw(ranking);
        }

        foreach (var points in study.Curves.GroupBy(point => point.Measure))
        {
            pictures[StudySections.SkewPicture(points.Key)] = SkewChart.DrawValues(points.Key, [.. points], StudySections.Lines(study, points.Key));
            pictures[StudySections.SkewGainPicture(points.Key)] = SkewChart.DrawGains(points.Key, [.. points], study.Gains.Arms);
        }

        return pictures;
    }

    static void WriteSentences(MarkdownText text, StudyAnalysis study)
    {
        text.Paragraph(StudySummary.Lead(study));
        foreach (var measure in study.Options.Primary)
        {
            text.Heading(3, $"By {measure.Name}");
            text.List(StudySummary.ByMeasure(study, measure));
        }
    }

    static string BesideReal(StudyAnalysis study)
    {
        var text = new MarkdownText();
        text.Heading(1, "Beside fine-tuning on real rows alone");
        text.Paragraph($"[First page]({Page})");
        WriteSentences(text, study);
        StudySections.WriteGains(text, study);
        StudySections.WriteRanks(text, study);
        StudySections.WriteSkew(text, study);
        text.Heading(2, "All measures");
        StudySections.WriteMeasures(text, study, StudyMeasure.All);
        StudySections.WriteChoice(text, study);
        StudySections.WriteWhen(text, study);
        return text.ToString();
    }

    static string Measures(StudyAnalysis study)
    {
        var text = new MarkdownText();
        text.Heading(1, "All measures");
        text.Paragraph($"[First page]({Page})");
        foreach (var family in StudyMeasure.All.GroupBy(measure => measure.Name.Split(',')[0]).GroupBy(measures => measures.Count() > 1))
        {
            // Hard-label measures have a table each; the others share one.
            foreach (var measures in family.Key ? family.Select(one => (one.Key, All: one.ToArray())) : [("Ranking and probabilities", [.. family.SelectMany(one => one)])])
            {
                text.Heading(2, measures.Item1);
                StudySections.WriteMeasures(text, study, measures.Item2);
            }
        }

        return text.ToString();
    }

    // One row a unit, so that whatever else is to be computed can be.
    static string Csv(StudyAnalysis study)
    {
        var csv = new StringBuilder();
        csv.AppendJoin(',', ["table", "rows", "share", "split", "arm", "rarest_share", .. StudyMeasure.All.Select(measure => measure.Key), "correlation_gap", "loss_correlation_gap", "seconds", "peak_bytes"]).Append('\n');
        foreach (var cell in study.Gains.Cells)
        {
            foreach (string arm in study.Gains.Arms.Prepend(study.Gains.Baseline))
            {
                foreach (var unit in study.Gains.Units(cell, arm))
                {
                    csv.AppendJoin(',', [
                        Quoted(cell.Table), Number(cell.Rows), cell.Share is double share ? Number(share) : "natural", Number(unit.Unit.Split), Quoted(arm), Number(unit.RarestShare),
                        .. StudyMeasure.All.Select(measure => Number(measure.Of(unit))), Number(unit.CorrelationGap), Number(unit.LossCorrelationGap),
                        Number(unit.Seconds.Values.Sum()), Number(unit.PeakBytes)]).Append('\n');
                }
            }
        }

        return csv.ToString();

        static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);
        static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    // Letters that every file system and address takes; the number tells apart names that then are the same.
    static string TableFile(string table, int number) =>
        $"table-{number + 1}-{string.Concat(table.Take(40).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-'))}.html";
}
