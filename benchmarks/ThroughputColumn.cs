using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace CausalMixFT.Benchmarks;

/// <summary>A benchmark that can say how much work one call does.</summary>
public interface ICountsWork
{
    /// <summary>Units of work in one call with the present parameters.</summary>
    double Work { get; }

    /// <summary>The unit, such as FLOP, B or rows.</summary>
    string Unit { get; }
}

/// <summary>Work a second, from the median time: the figure to hold against the machine's limit.</summary>
public sealed class ThroughputColumn : IColumn
{
    public string Id => nameof(ThroughputColumn);

    public string ColumnName => "Throughput";

    public string Legend => "Work a second at the median time";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        var benchmark = Activator.CreateInstance(benchmarkCase.Descriptor.Type);
        foreach (var parameter in benchmarkCase.Parameters.Items)
        {
            benchmarkCase.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(benchmark, parameter.Value);
        }

        if (benchmark is not ICountsWork work || summary[benchmarkCase]?.ResultStatistics is not { } statistics)
        {
            return "-";
        }

        double perSecond = work.Work / (statistics.Median * 1e-9);
        var (scale, prefix) = perSecond >= 1e9 ? (1e9, "G") : perSecond >= 1e6 ? (1e6, "M") : (1e3, "k");
        return (perSecond / scale).ToString("0.0", CultureInfo.InvariantCulture) + $" {prefix}{work.Unit}/s";
    }
}
