using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Benchmarks.Kernels.LinearAlgebra;

/// <summary>The covariance that every test on numbers starts from, at the sizes of the discovery peers' tables.</summary>
public class CovarianceBench : ICountsWork
{
    ComputeDevice _device = null!;
    DeviceArray<double> _data = null!, _covariance = null!;
    Covariance _operation = null!;

    [Params("1000x50", "1000x500", "100000x50", "1000000x100")]
    public string Shape { get; set; } = "1000x50";

    // Half of the symmetric product: rows · columns² / 2 multiplications and as many additions.
    public double Work => (double)Rows * Columns * Columns;

    public string Unit => "FLOP";

    int Rows => int.Parse(Shape.Split('x')[0]);

    int Columns => int.Parse(Shape.Split('x')[1]);

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _operation = Covariance.On(_device);
        _data = _device.Allocate<double>(Rows * Columns);
        _covariance = _device.Allocate<double>(Columns * Columns);
        var random = new Random(1);
        foreach (ref double value in _data.Span)
        {
            value = random.NextDouble();
        }
    }

    [Benchmark]
    public void Compute() => _operation.Compute(_data, Rows, Columns, _covariance);

    [GlobalCleanup]
    public void Close()
    {
        _data.Dispose();
        _covariance.Dispose();
        _device.Dispose();
    }
}
