using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace CausalMixFT.Engine.Tests;

/// <summary>Engine's folders are the stages, in order: a folder uses those before it, never those after it.</summary>
public partial class FolderOrderFacts
{
    // Formats is the only place that opens files, so it stands last, and a stage that keeps files may call it.
    static readonly string[] Stages =
    [
        "Tables", "Encoding", "Boosting", "Graphs", "Discovery", "Scm", "Models", "TabPfn", "Generators", "Evaluation", "FineTuning",
        "Pretraining", "Studies", "Reporting",
    ];

    [Fact]
    public void Every_folder_is_a_known_stage()
    {
        var folders = Directory.GetDirectories(Source()).Select(Path.GetFileName).Except(["Formats", "bin", "obj"]);
        Assert.Empty(folders.Except(Stages));
    }

    [Fact]
    public void No_stage_uses_a_later_one()
    {
        foreach (string file in Directory.GetFiles(Source(), "*.cs", SearchOption.AllDirectories))
        {
            int own = Array.IndexOf(Stages, Path.GetFileName(Path.GetDirectoryName(file)));
            foreach (Match match in Using().Matches(File.ReadAllText(file)))
            {
                int other = Array.IndexOf(Stages, match.Groups[1].Value);
                Assert.True(own < 0 || other <= own, $"{file} uses {match.Groups[1].Value}, a later stage.");
            }
        }
    }

    [Fact]
    public void Engine_knows_no_ILGPU_and_Kernels_knows_no_Engine()
    {
        Assert.All(
            Directory.GetFiles(Source(), "*.cs", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("using ILGPU", File.ReadAllText(file), StringComparison.Ordinal));
        Assert.All(
            Directory.GetFiles(Path.Combine(Source(), "..", "Kernels"), "*.cs", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("CausalMixFT.Engine", File.ReadAllText(file), StringComparison.Ordinal));
    }

    static string Source([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "src", "Engine"));

    [GeneratedRegex(@"^using CausalMixFT\.Engine\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Using();
}
