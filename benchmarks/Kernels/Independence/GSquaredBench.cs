using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Kernels.Independence;

/// <summary>A batch of G² questions of 5,000 rows, by the number of variables given and of levels.</summary>
/// <remarks>Up to about 200 cells tables are counted by masks, beyond row by row; 8 levels and three given are sorted.</remarks>
public class GSquaredBench : ICountsWork
{
    const int Variables = 30, Rows = 5000, Questions = 2000;

    readonly ContingencyResult[] _results = new ContingencyResult[Questions];
    ComputeDevice _device = null!;
    DiscreteColumns _columns = null!;
    GSquared _operation = null!;
    QueryBatch _queries = null!;

    [Params(0, 1, 2, 3)]
    public int Depth { get; set; }

    [Params(2, 3, 8)]
    public int Levels { get; set; }

    public double Work => Questions;

    public string Unit => "tests";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _operation = GSquared.On(_device);
        var random = new Random(1);
        byte[] codes = [.. Enumerable.Range(0, Variables * Rows).Select(_ => (byte)random.Next(Levels))];
        _columns = new(_device, codes, Rows, [.. Enumerable.Repeat(Levels, Variables)]);
        _queries = new QueryBatch(Depth);
        for (int question = 0; question < Questions; question++)
        {
            int start = random.Next(Variables - 2 - Depth);
            _queries.Add(start, start + 1, [.. Enumerable.Range(start + 2, Depth)]);
        }
    }

    [Benchmark]
    public void Statistics() => _operation.Compute(_columns, _queries, ContingencyStatistic.LikelihoodRatio, _results);

    [GlobalCleanup]
    public void Close()
    {
        _columns.Dispose();
        _device.Dispose();
    }
}
