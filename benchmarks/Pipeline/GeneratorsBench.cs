using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Ten thousand rows learnt and as many drawn, on one thread: SMOTE-NC's time is its search for neighbours, a copula's its sorting.</summary>
public class GeneratorsBench : ICountsWork
{
    const int Rows = 10_000;

    ComputeDevice _device = null!;
    ClassificationTask _task = null!;
    IRowGenerator _generator = null!;
    int[] _counts = [];

    [Params("smote-nc", "copula")]
    public string Generator { get; set; } = "";

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Draw()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        _task = ClassificationTask.From(new LoadedTable(MixedTable.Draw(Rows, steps: false), []), "churn");
        _generator = GeneratorCatalog.Named(Generator, _device);
        _counts = ClassCounts.Natural(_task, Rows);
    }

    [Benchmark]
    public Table FitAndSample() => _generator.Fit(_task, seed: 1).Sample(_counts, seed: 2);

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
