using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using CausalMixFT.Benchmarks;
using CausalMixFT.Benchmarks.Calibration;
using CausalMixFT.Benchmarks.Fitting;
using CausalMixFT.Benchmarks.Peers;
using CausalMixFT.Benchmarks.Timing;
using CommandLine;

// No benchmark, but a study that takes as long: ./dev calibrate.
if (args is ["calibrate", ..])
{
    int repetitions = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3000;
    CalibrationTable.Write(repetitions, only: args.Length > 2 ? args[2] : null, Console.Out);
    return 0;
}

// Verbs of our own time whole searches and fits; everything else is BenchmarkDotNet's.
if (args is ["time-discovery" or "growth" or "score-mechanisms" or "compare-transformer", ..])
{
    using var parser = new Parser(settings =>
    {
        settings.HelpWriter = Console.Error;
        settings.CaseInsensitiveEnumValues = true;
        settings.ParsingCulture = CultureInfo.InvariantCulture;
    });
    return parser.ParseArguments<TimeDiscoveryCommand, GrowthCommand, ScoreMechanismsCommand, CompareTransformerCommand>(args).MapResult(
        (TimeDiscoveryCommand command) => Done(command.Run), (GrowthCommand command) => Done(command.Run),
        (ScoreMechanismsCommand command) => Done(command.Run),
        (CompareTransformerCommand command) => Done(command.Run), _ => 1);
}

// Medians, because the machines that run this are shared; the throughput column puts each time beside its work.
var config = DefaultConfig.Instance.AddColumn(StatisticColumn.Median, new ThroughputColumn())
    .WithOptions(ConfigOptions.JoinSummary);
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return summaries.Any(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success)) ? 1 : 0;

static int Done(Action run)
{
    run();
    return 0;
}
