using System.Text.Json;
using CausalMixFT.Engine.Tests.Formats;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>Simulated values and what scipy, statsmodels and scikit-learn make of them; see tests/Data/study/README.md.</summary>
public static class StatisticsCase
{
    static readonly JsonDocument Json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("tests", "Data", "study", "statistics.json")));

    public static T Read<T>(string name) => Json.RootElement.GetProperty(name).Deserialize<T>(JsonSerializerOptions.Web)!;

    public sealed record Wilcoxon(double[] Differences, double? Exact, double Normal);

    public sealed record Friedman(double[][] Scores, double[] Ranks, double Statistic, double PValue, double CriticalDifference);

    public sealed record Range(int K, double Alpha, double Quantile);

    public sealed record Holm(double[] PValues, double[] Adjusted);

    public sealed record Bootstrap(
        double[] Values, double Mean, double Low, double High, double Median, double MedianLow, double MedianHigh);

    public sealed record Mixed(
        int[] Groups, double[][] X, double[] Y, double[] Coefficients, double[] StandardErrors, double[] HessianErrors, double GroupVariance,
        double ResidualVariance, double LogLikelihood, bool Converged);

    public sealed record Measures(
        string Name, int Classes, double[] TrainingPrior, int[] Labels, float[] Probabilities, double GMean, double CalibrationError,
        double Matthews, double AveragePrecision, double Brier, double F1Minority, double BalancedAccuracy, double[] Corrected);
}
