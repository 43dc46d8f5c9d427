using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Formats;

/// <summary>The folder of a study's report: index.html, measures.html, a page for each table, and measures.csv.</summary>
public static class StudyReportFolder
{
    /// <summary>Writes all files, or none.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="study">What the study says.</param>
    /// <param name="provenance">Where its numbers come from.</param>
    public static void Write(string folder, StudyAnalysis study, StudyProvenance provenance)
    {
        var files = StudyReport.Files(study, provenance);
        OutputPlace.Fill(folder, place =>
        {
            foreach (var (name, text) in files)
            {
                AtomicFile.WriteText(Path.Combine(place, name), text);
            }
        });
    }
}
