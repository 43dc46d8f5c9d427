using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Kernels.Independence;

/// <summary>RCoT: one question at a time, features included.</summary>
public class RcotBench : ICountsWork
{
    KernelColumns _columns = null!;
    ComputeDevice _device = null!;
    QueryBatch _question = null!;
    readonly RandomFeatureResult[] _result = new RandomFeatureResult[1];

    [Params(500, 10_000, 500_000)]
    public int Rows { get; set; }

    [Params(0, 1, 3)]
    public int Depth { get; set; }

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _columns = new(Rows);
        _question = new QueryBatch(Depth);
        _question.Add(0, 1, [.. Enumerable.Range(2, Depth)]);
    }

    [Benchmark]
    public void OneTest()
    {
        using var test = new RandomisedConditionalCorrelation(_columns.Columns, Rows, _columns.Starts, new(), _device);
        test.Compute(_question, _result);
    }

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
