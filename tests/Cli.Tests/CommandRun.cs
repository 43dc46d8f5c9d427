using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Cli.Tests;

/// <summary>A folder of its own for one test, with a tiny model in it, and the program run inside this process.</summary>
public sealed class CommandRun : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("causalmixft-cli-");
    readonly string _started = Directory.GetCurrentDirectory();

    public CommandRun()
    {
        Directory.CreateDirectory(At("in"));
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        using var transformer = new TabularTransformer(
            device, new TransformerConfig { Width = 16, Heads = 2, Hidden = 32, Layers = 1 });
        transformer.Parameters.Initialize(seed: 5);
        ModelFile.Write(TabularModel.From(transformer, "untrained, for tests"), Model);
    }

    public string Model => At("in", "tiny.safetensors");

    /// <summary>Writes a tiny regressor, whose buckets are flat or, without borders, normal.</summary>
    public string Regressor(IReadOnlyList<float>? borders = null)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        using var transformer = new TabularTransformer(device, new TransformerConfig
        {
            Width = 16,
            Heads = 2,
            Hidden = 32,
            Layers = 1,
            Classes = 6,
            Cells = CellEncoding.Raw,
            Labels = LabelEncoding.Flagged,
        });
        transformer.Parameters.Initialize(seed: 5);
        string path = At("in", "regressor.safetensors");
        ModelFile.Write(TabularModel.From(transformer, "untrained", new() { Task = ModelTask.Regression, Borders = borders }), path);
        return path;
    }

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string At(params string[] parts) => Path.Combine([_folder.FullName, .. parts]);

    /// <summary>Writes an input file and returns its path.</summary>
    public string File(string name, string text)
    {
        System.IO.File.WriteAllText(At("in", name), text);
        return At("in", name);
    }

    public string File(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(At("in", name), bytes);
        return At("in", name);
    }

    /// <summary>Runs the program and returns its exit code.</summary>
    public int Run(params string[] args) => Run(default, args);

    public int Run(CancellationToken cancellation, params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = Application.Run(args, new Terminal(output, error, cancellation: cancellation));
        (Output, Error) = (output.ToString(), error.ToString());
        return code;
    }

    /// <summary>Runs the program, which must end well.</summary>
    public void RunsWell(params string[] args)
    {
        int code = Run(args);
        string logs = string.Concat(Left().Where(path => path.EndsWith(".log", StringComparison.Ordinal)).Select(System.IO.File.ReadAllText));
        Assert.True(code == 0, $"exit code {code}: {Error}{logs}");
    }

    /// <summary>Files that are there besides the inputs.</summary>
    public string[] Left() => [.. Directory.EnumerateFileSystemEntries(_folder.FullName, "*", SearchOption.AllDirectories)
        .Where(path => !path.StartsWith(At("in"), StringComparison.Ordinal))];

    /// <summary>A table with a numeric cause, a categorical cause and a skewed class, as CSV.</summary>
    public static string Table(int rows = 90, int seed = 3, string? target = "y")
    {
        var random = new Random(seed);
        return string.Join('\n', Enumerable.Range(0, rows).Select(_ =>
        {
            double x = random.NextDouble() * 10, z = x + random.NextDouble();
            string colour = random.Next(3) switch { 0 => "red", 1 => "green", _ => "blue" };
            string row = FormattableString.Invariant($"{x:0.00},{z:0.00},{colour}");
            return target is null ? row : $"{row},{(x + random.NextDouble() * 4 > 9 ? "yes" : "no")}";
        }).Prepend(target is null ? "x,z,colour" : $"x,z,colour,{target}")) + "\n";
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_started);
        _folder.Delete(recursive: true);
    }
}
