using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Reporting;

/// <summary>What was compared: the files, as they were named, and the rows.</summary>
/// <param name="Train">The file of training rows.</param>
/// <param name="Synthetic">The file of synthetic rows.</param>
/// <param name="Holdout">The file of hold-out rows, or null.</param>
/// <param name="Graph">The file of the graph, or null.</param>
public sealed record ComparedFiles(string Train, string Synthetic, string? Holdout, string? Graph);

/// <summary>The report on synthetic rows, as Markdown; it shows the pictures that lie beside it.</summary>
public static class QualityReport
{
    /// <summary>The report.</summary>
    /// <param name="quality">What was measured.</param>
    /// <param name="files">What was compared.</param>
    /// <param name="options">How it was measured.</param>
    /// <param name="provenance">The command, the training table's file and when.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="notes">A sentence for each thing that was left out while reading.</param>
    public static string Markdown(
        SyntheticQuality quality, ComparedFiles files, QualityOptions options, Provenance provenance, string device, IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(quality);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(provenance);
        var text = new MarkdownText();
        text.Heading(1, $"Synthetic rows beside {MarkdownText.Name(Path.GetFileName(files.Train))}");
        text.Paragraph(
            $"{TaskSummary.Count(quality.SyntheticRows, "synthetic row")} beside the {TaskSummary.Count(quality.TrainingRows, "real row")} that their generator was trained on" +
            (quality.HoldoutRows > 0 ? $", and {TaskSummary.Count(quality.HoldoutRows, "real row")} that it was not (hold-out, fresh)." : ". No hold-out rows were given, so nothing can be said of fresh rows."));
        QualitySection.WriteSummary(text, quality);
        text.Paragraph("No single line is the quality: rows may look right and be useless, or be useful and give training rows away. Each part below says what its measure cannot see.");
        QualitySection.WriteShapes(text, quality);
        QualitySection.WriteTrends(text, quality);
        QualitySection.WriteDetection(text, quality);
        QualitySection.WriteUtility(text, quality);
        QualitySection.WriteMinority(text, quality);
        QualitySection.WritePrivacy(text, quality);
        QualitySection.WriteGraph(text, quality);

        text.Heading(2, "What was left out or done on the way");
        string[] all = [.. notes, .. quality.Notes, .. quality.Graph?.Notes ?? []];
        text.List(all.Length == 0 ? ["Nothing."] : all.Select(MarkdownText.Name));

        text.Heading(2, "How it was made");
        text.Table(2, ["", ""], [
            ["Training rows", MarkdownText.Name(files.Train)],
            ["SHA-256", provenance.TableSha256],
            ["Synthetic rows", MarkdownText.Name(files.Synthetic)],
            .. files.Holdout is null ? (string[][])[] : [["Hold-out rows", MarkdownText.Name(files.Holdout)]],
            .. files.Graph is null ? (string[][])[] : [["Graph", MarkdownText.Name(files.Graph)]],
            ["Seed", options.Seed.ToString(CultureInfo.InvariantCulture)],
            ["Device", MarkdownText.Name(device)],
            ["Program", $"CausalMixFT {Provenance.Program}, {MarkdownText.Name(Provenance.Platform)}"],
            ["Started", provenance.Started.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)],
        ]);
        text.Paragraph("To repeat it:");
        text.Code(provenance.Command);
        return text.ToString();
    }

    /// <summary>The report's pictures, SVG documents by the name under which it asks for them.</summary>
    public static IReadOnlyDictionary<string, string> Draw(SyntheticQuality quality, Table train, Table synthetic)
    {
        ArgumentNullException.ThrowIfNull(quality);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(synthetic);
        var pictures = new Dictionary<string, string> { [QualitySection.MarginalsPicture] = MarginalsChart.Draw(train, synthetic, quality.Shapes) };
        if (quality.Trends.Pairs.Count > 0)
        {
            pictures[QualitySection.TrendsPicture] = PairTrendsChart.Draw(quality.Trends);
        }

        return pictures;
    }
}
