using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>The folder of a judgement on synthetic rows: quality.html, quality.md, quality.json and pictures.</summary>
public static class QualityFolder
{
    /// <summary>The page to open first.</summary>
    public const string Page = "quality.html";

    /// <summary>Writes all files, or none.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="quality">What was measured.</param>
    /// <param name="train">The training rows, for the pictures.</param>
    /// <param name="synthetic">The synthetic rows.</param>
    /// <param name="files">What was compared.</param>
    /// <param name="options">How it was measured.</param>
    /// <param name="provenance">The command, the training table's file and when.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="notes">A sentence for each thing that was left out while reading.</param>
    public static void Write(
        string folder, SyntheticQuality quality, Table train, Table synthetic, ComparedFiles files, QualityOptions options, Provenance provenance,
        string device, IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(provenance);
        string markdown = QualityReport.Markdown(quality, files, options, provenance, device, notes);
        var pictures = QualityReport.Draw(quality, train, synthetic);
        string title = $"Synthetic rows beside {Path.GetFileName(files.Train)} – CausalMixFT";
        OutputPlace.Fill(folder, place =>
        {
            AtomicFile.WriteText(At(Page), ReportPage.Render(title, markdown, pictures));
            AtomicFile.WriteText(At("quality.md"), markdown);
            foreach (var (name, svg) in pictures)
            {
                AtomicFile.WriteText(At(name), svg);
            }

            JsonText.Write(At("quality.json"), new
            {
                Format = "causalmixft.quality",
                Version = 1,
                provenance.Command,
                provenance.Started,
                Program = ProgramJson.Of(device),
                Files = new { files.Train, TrainSha256 = provenance.TableSha256, files.Synthetic, files.Holdout, files.Graph },
                Options = options,
                Quality = quality,
                Notes = notes,
            });

            string At(string name) => Path.Combine(place, name);
        });
    }
}
