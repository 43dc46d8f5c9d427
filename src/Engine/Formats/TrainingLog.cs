using System.Text.Json;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A pre-training run's log: one JSON object a line, one line a check.</summary>
static class TrainingLog
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The checks up to <paramref name="step"/>; none if there is no file.</summary>
    /// <exception cref="InputException">A line is no check.</exception>
    public static IReadOnlyList<PretrainCheck> Read(string path, int step) => File.Exists(path)
        ? [.. File.ReadLines(path).Select((line, index) => Parse(path, index + 1, line)).Where(check => check.Step <= step)]
        : [];

    static PretrainCheck Parse(string path, int number, string line)
    {
        try
        {
            return JsonSerializer.Deserialize<PretrainCheck>(line, Json) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new TableFormatException(path, number, "a check of the training run was expected, as one JSON object; remove the file to start its log anew.");
        }
    }

    /// <summary>Replaces the file by these checks.</summary>
    public static void Write(IEnumerable<PretrainCheck> checks, string path) =>
        AtomicFile.WriteText(path, string.Concat(checks.Select(check => JsonSerializer.Serialize(check, Json) + "\n")));
}
