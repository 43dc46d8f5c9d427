using System.Text.Json;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Evaluation;

/// <summary>Column shapes and pair trends against SDMetrics' own report; see tests/Data/metrics/README.md.</summary>
public class SdMetricsConformanceFacts
{
    // SDMetrics sums in another order: some 1e-15 of each score. Its levels that real rows lack count as a millionth of a real
    // row: 1e-6 / 200 rows is 5e-9 of a distance.
    const double Tolerance = 1e-12, LevelTolerance = 1e-8;

    [Theory]
    [InlineData("near")]
    [InlineData("far")]
    public void Column_shapes_are_those_of_its_report(string name)
    {
        var (real, synthetic, expected) = Case(name);
        var found = ColumnFidelity.Compare(real, synthetic);
        foreach (var column in found)
        {
            Assert.Equal(expected.GetProperty("shapes").GetProperty(column.Name).GetDouble(), column.Similarity,
                column.Kind == ColumnKind.Categorical ? LevelTolerance : Tolerance);
        }

        Assert.Equal(expected.GetProperty("shape_score").GetDouble(), ColumnFidelity.Score(found), LevelTolerance);
    }

    [Theory]
    [InlineData("near")]
    [InlineData("far")]
    public void Pair_trends_with_own_edges_are_those_of_its_report(string name)
    {
        var (real, synthetic, expected) = Case(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var found = PairTrends.Compare(real, synthetic, device);
        foreach (var (pair, stored) in found.Pairs.Zip(expected.GetProperty("pairs").EnumerateArray()))
        {
            Assert.Equal((pair.First, pair.Second), (stored.GetProperty("first").GetString(), stored.GetProperty("second").GetString()));
            var score = stored.GetProperty("score");
            Assert.Equal(score.ValueKind == JsonValueKind.Null ? double.NaN : score.GetDouble(), pair.OwnEdges, Tolerance);
        }

        Assert.Equal(expected.GetProperty("trend_score").GetDouble(), found.ScoreWithOwnEdges, Tolerance);
    }

    static (Table Real, Table Synthetic, JsonElement Expected) Case(string name)
    {
        var real = CsvTable.Read(At($"{name}.real.csv")).Table;
        var synthetic = CsvTable.ReadLike(At($"{name}.synthetic.csv"), real).Table;
        return (real, synthetic, JsonDocument.Parse(File.ReadAllText(At("sdmetrics.json"))).RootElement.GetProperty(name));
    }

    static string At(string file) => RepositoryFiles.At("tests", "Data", "metrics", file);
}
