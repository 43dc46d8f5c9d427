using System.Text.Json;
using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Tests.Evaluation;

/// <summary>Probabilities, labels and what scikit-learn makes of them; see tests/Data/metrics/README.md.</summary>
public sealed record MetricCase(
    string Name,
    int Classes,
    double[] TrainingPrior,
    int[] Labels,
    float[] Probabilities,
    double RocAuc,
    double AveragePrecision,
    double LogLoss,
    double Brier,
    LabelScores Half,
    LabelScores Prior)
{
    public static IReadOnlyList<MetricCase> All { get; } = Read();

    static MetricCase[] Read()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "CausalMixFT.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder!, "tests", "Data", "metrics", "metrics.json")));
        return json.RootElement.GetProperty("cases").Deserialize<MetricCase[]>(JsonSerializerOptions.Web)!;
    }
}
