using CausalMixFT.Engine.Reporting;

namespace CausalMixFT.Engine.Formats;

/// <summary>The folder of a run: reports, pictures, and every file that another command can go on from.</summary>
public static class RunFolder
{
    /// <summary>The page to open first.</summary>
    public const string Page = "report.html";

    /// <summary>Writes all files, or none.</summary>
    public static void Write(string folder, RunResult result, Provenance provenance)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(provenance);
        var differences = ScoreDifference.Of(result);
        string markdown = RunReport.Markdown(result, provenance, differences);
        var pictures = new Dictionary<string, string>
        {
            [RunReport.GraphPicture] = GraphSvg.Draw(result.Discovery.Graph, result.Task.Target, result.Discovery.Confidence),
            [RunReport.MarginalsPicture] = RunReport.DrawMarginals(result),
            [RunReport.ValidationPicture] = RunReport.DrawValidation(result),
        };
        string title = $"{result.Task.Target} in {Path.GetFileName(provenance.Table)} – CausalMixFT";
        OutputPlace.Fill(folder, place =>
        {
            AtomicFile.WriteText(At(Page), ReportPage.Render(title, markdown, pictures));
            AtomicFile.WriteText(At("report.md"), markdown);
            foreach (var (name, svg) in pictures)
            {
                AtomicFile.WriteText(At(name), svg);
            }

            RunJson.Write(At("run.json"), result, provenance, differences);
            GraphJson.Write(result.Discovery, At("graph.json"));
            ScmJson.Write(At("scm.json"), result.Models);
            if (result.Discovery.Confidence is { } confidence)
            {
                ConfidenceCsv.Write(confidence, At("confidence.csv"));
            }

            if (result.Discovery.Ensemble.Count > 0)
            {
                EnsembleJson.Write(result.Discovery.Ensemble, At("ensemble.json"));
            }

            CsvTable.Write(result.Synthetic, At("synthetic.csv"));
            PredictionsCsv.WriteTest(result, At("predictions.csv"));
            ModelFile.Write(result.Kept.Tuning!.Model, At("model.safetensors"));

            string At(string name) => Path.Combine(place, name);
        });
    }
}
