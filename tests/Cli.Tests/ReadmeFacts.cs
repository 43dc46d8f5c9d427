using CausalMixFT.Engine;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Cli.Tests;

/// <summary>The README's example is the body of a method that compiles, and its links lead somewhere.</summary>
public sealed class ReadmeFacts
{
    const string Signature = "    internal static void Example()\n    {\n";

    [Fact]
    public void The_example_is_compiled()
    {
        string source = File.ReadAllText(At("tests", "Cli.Tests", "ReadmeFacts.cs"));
        int start = source.LastIndexOf(Signature, StringComparison.Ordinal) + Signature.Length;
        string body = source[start..source.IndexOf("\n    }\n", start, StringComparison.Ordinal)];
        string expected = string.Join('\n', body.Split('\n').Select(line => line.Length > 8 ? line[8..] : ""));
        Assert.Contains($"```csharp\n{expected}\n```\n", File.ReadAllText(At("README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs", "file-formats.md")]
    [InlineData("examples", "README.md")]
    public void Links_lead_to_files_that_exist(params string[] document)
    {
        string folder = Path.GetDirectoryName(At(document))!;
        var links = System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(At(document)), @"\]\(([^)#:]+)\)")
            .Select(match => match.Groups[1].Value);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(folder, link)), $"{link} does not exist."));
    }

    [Fact]
    public void The_example_tables_are_those_that_their_provenance_names()
    {
        string provenance = File.ReadAllText(At("examples", "README.md"));
        string[] tables = Directory.GetFiles(At("examples"), "*.csv");
        Assert.NotEmpty(tables);
        Assert.All(tables, table => Assert.Contains($"`{TableFile.Sha256(table)}`", provenance, StringComparison.Ordinal));
    }

    internal static void Example()
    {
        var task = ClassificationTask.From(CsvTable.Read("examples/wdbc.csv"), "class");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var mix = new CausalMix(device, new CausalMixOptions { Seed = 7 });

        // The generator sees training rows only.
        StratifiedSplit split = mix.Split(task);
        Table train = task.Table.Select(split.Train);
        DiscoveryResult discovery = mix.Discover(train);
        StructuralCausalModel scm = mix.Fit(train, discovery.Extension);
        Table synthetic = mix.Sample(scm, rows: 1000);

        FineTuneResult tuned = mix.FineTune(ShippedModel.Load(), task, split, synthetic);
        ArmResult scores = mix.Evaluate("mixed", tuned.Model, tuned, task, split);
        ModelFile.Write(tuned.Model, "tuned.safetensors");
    }

    static string At(params string[] parts)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "CausalMixFT.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine([folder ?? throw new InvalidOperationException("No CausalMixFT.sln above the tests."), .. parts]);
    }
}
