using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Formats;

/// <summary>The folder of a study's report: index.html, beside-real.html, measures.html, a page for each table, and measures.csv.</summary>
public static class StudyReportFolder
{
    /// <summary>Writes all files, or none.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="study">Every arm beside the un-tuned model.</param>
    /// <param name="besideReal">Every arm beside fine-tuning on real rows; null where the study has no such arm.</param>
    /// <param name="provenance">Where the numbers come from.</param>
    public static void Write(string folder, StudyAnalysis study, StudyAnalysis? besideReal, StudyProvenance provenance)
    {
        var files = StudyReport.Files(study, besideReal, provenance);
        OutputPlace.Fill(folder, place =>
        {
            foreach (var (name, text) in files)
            {
                AtomicFile.WriteText(Path.Combine(place, name), text);
            }
        });
    }
}
