using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Choosing and fitting the mechanisms of twelve mixed columns, with boosted trees among the candidates and without.</summary>
public class ScmFitBench : ICountsWork
{
    const int Rows = 20_000;

    ComputeDevice _device = null!;
    Table _table = null!;

    [Params(false, true)]
    public bool Steps { get; set; }

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Draw()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _table = MixedTable.Draw(Rows, Steps);
    }

    [Benchmark]
    public StructuralCausalModel Fit() => StructuralCausalModel.Fit(_table, MixedTable.Graph, new ScmOptions(), _device);

    [Benchmark]
    public StructuralCausalModel FitWithoutTrees() =>
        StructuralCausalModel.Fit(_table, MixedTable.Graph, new ScmOptions { Boosting = null }, _device);

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
