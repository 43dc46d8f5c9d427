using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>A search from a table in memory to its graph: encoding, sufficient statistics, every test, orientation.</summary>
/// <remarks>Peers' settings: α 0.01, no bound on what is given. How many tests that takes is known once it has run.</remarks>
public abstract class DiscoveryBench : ICountsWork
{
    // The throughput column asks a fresh object; only runs in one process can tell it (./dev bench runs so).
    static readonly Dictionary<string, long> Tests = [];

    ComputeDevice _device = null!;
    Table _table = null!;

    public double Work => Tests.GetValueOrDefault(Key);

    public string Unit => "tests";

    protected abstract string Shape { get; }

    protected int Rows => int.Parse(Shape.Split('x')[0]);

    protected int Columns => int.Parse(Shape.Split('x')[1]);

    protected virtual DiscoveryOptions Options => new() { MaxDepth = null };

    // Not the type's name: BenchmarkDotNet runs a class derived from it.
    string Key => $"{Shape} {Options}";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _table = Simulate();
    }

    [Benchmark]
    public DiscoveryResult Discover()
    {
        var result = CausalDiscovery.Discover(_table, Options, _device);
        Tests[Key] = result.Queries;
        return result;
    }

    [GlobalCleanup]
    public void Close() => _device.Dispose();

    protected abstract Table Simulate();
}
