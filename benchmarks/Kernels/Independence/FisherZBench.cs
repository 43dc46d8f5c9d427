using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Kernels.Independence;

/// <summary>A batch of partial correlations, by the number of variables given.</summary>
public class FisherZBench : ICountsWork
{
    const int Variables = 200, Questions = 100_000;

    readonly double[] _partial = new double[Questions];
    ComputeDevice _device = null!;
    DeviceArray<double> _correlation = null!;
    FisherZ _operation = null!;
    QueryBatch _queries = null!;

    [Params(0, 1, 2, 3, 5)]
    public int Depth { get; set; }

    public double Work => Questions;

    public string Unit => "tests";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _operation = FisherZ.On(_device);

        // A valid correlation matrix that costs nothing to make: r = 0.5^|i − j|.
        _correlation = _device.Allocate<double>(Variables * Variables);
        for (int i = 0; i < Variables * Variables; i++)
        {
            _correlation.Span[i] = Math.Pow(0.5, Math.Abs(i / Variables - i % Variables));
        }

        _queries = new QueryBatch(Depth);
        var random = new Random(1);
        for (int question = 0; question < Questions; question++)
        {
            int start = random.Next(Variables - 2 - Depth);
            _queries.Add(start, start + 1, [.. Enumerable.Range(start + 2, Depth)]);
        }
    }

    [Benchmark]
    public void PartialCorrelations() => _operation.PartialCorrelations(_correlation, Variables, _queries, _partial);

    [GlobalCleanup]
    public void Close()
    {
        _correlation.Dispose();
        _device.Dispose();
    }
}
