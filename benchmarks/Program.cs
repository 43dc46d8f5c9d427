using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using CausalMixFT.Benchmarks;

// Medians, because the machines that run this are shared; the throughput column puts each time beside its work.
var config = DefaultConfig.Instance.AddColumn(StatisticColumn.Median, new ThroughputColumn())
    .WithOptions(ConfigOptions.JoinSummary);
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return summaries.Any(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success)) ? 1 : 0;
