using System.Text.Json;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tests.Formats;

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
        using var json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("tests", "Data", "metrics", "metrics.json")));
        return json.RootElement.GetProperty("cases").Deserialize<MetricCase[]>(JsonSerializerOptions.Web)!;
    }
}
