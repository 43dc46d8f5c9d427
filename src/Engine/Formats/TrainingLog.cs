using System.Text.Json;
using CausalMixFT.Engine.Pretraining;

namespace CausalMixFT.Engine.Formats;

/// <summary>A pre-training run's log: one JSON object a line, one line a check.</summary>
static class TrainingLog
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The checks up to <paramref name="step"/>; none if there is no file.</summary>
    public static IReadOnlyList<PretrainCheck> Read(string path, int step) => File.Exists(path)
        ? [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<PretrainCheck>(line, Json)!).Where(check => check.Step <= step)]
        : [];

    /// <summary>Replaces the file by these checks.</summary>
    public static void Write(IEnumerable<PretrainCheck> checks, string path) =>
        AtomicFile.WriteText(path, string.Concat(checks.Select(check => JsonSerializer.Serialize(check, Json) + "\n")));
}
