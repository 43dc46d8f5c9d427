using System.Reflection;
using System.Runtime.InteropServices;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Reporting;

/// <summary>What a reader needs, besides the results, to judge a run and to repeat it.</summary>
/// <param name="Command">The command line that was given.</param>
/// <param name="Table">The table's file, as it was named.</param>
/// <param name="TableSha256">The SHA-256 of the file's bytes.</param>
/// <param name="Started">When the run began.</param>
public sealed record Provenance(string Command, string Table, string TableSha256, DateTimeOffset Started)
{
    /// <summary>The program's version.</summary>
    public static string Program { get; } = Version(typeof(Provenance).Assembly);

    /// <summary>What it runs on, such as ".NET 10.0.4 on Debian GNU/Linux 12 (X64)".</summary>
    public static string Platform { get; } =
        $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})";

    /// <summary>The libraries it uses and their versions, by name.</summary>
    public static IReadOnlyDictionary<string, string> Libraries { get; } = new SortedDictionary<string, string>(
        new[] { typeof(Provenance).Assembly, typeof(ComputeDevice).Assembly }
            .SelectMany(assembly => assembly.GetReferencedAssemblies())
            .Where(name => !name.Name!.StartsWith("CausalMixFT", StringComparison.Ordinal) && !IsPartOfDotNet(name.Name!))
            .DistinctBy(name => name.Name)
            .ToDictionary(name => name.Name!, name => Version(Assembly.Load(name))),
        StringComparer.Ordinal);

    static bool IsPartOfDotNet(string name) =>
        name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal);

    // The informational version is the package's; what follows a plus is a build's fingerprint.
    static string Version(Assembly assembly) =>
        (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? assembly.GetName().Version?.ToString() ?? "unknown").Split('+')[0];
}
