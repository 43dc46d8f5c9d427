using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>How sure each edge is: a search, a hundred more on resamples of the rows, and the DAGs drawn by them.</summary>
public class BootstrapBench : ICountsWork
{
    const int Rows = 1000, Columns = 50, Resamples = 100;

    ComputeDevice _device = null!;
    Table _table = null!;

    [Params(SearchAlgorithm.Pc, SearchAlgorithm.Fci)]
    public SearchAlgorithm Algorithm { get; set; }

    [Params(0, 8)]
    public int Ensemble { get; set; }

    public double Work => Resamples + 1;

    public string Unit => "searches";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _table = SimulatedTable.Numbers(Rows, Columns);
    }

    [Benchmark]
    public DiscoveryResult Discover() => CausalDiscovery.Discover(
        _table, new() { MaxDepth = null, Algorithm = Algorithm, Bootstraps = Resamples, EnsembleSize = Ensemble, Fci = new() { MaxPossibleDSepDepth = 3 } },
        _device);

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
