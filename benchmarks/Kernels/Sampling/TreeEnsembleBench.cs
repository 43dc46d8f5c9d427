using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Benchmarks.Kernels.Sampling;

/// <summary>A hundred trees of 31 leaves on a block of rows: of two or three features a grid, of eight masks.</summary>
public class TreeEnsembleBench : ICountsWork
{
    const int Rows = 65_536, FitRows = 16_000;

    ComputeDevice _device = null!;
    DeviceArray<float> _columns = null!, _predictors = null!;
    TreeEnsemble _operation = null!;
    TreeEnsembleTable _table = null!;

    [Params(2, 3, 8)]
    public int Features { get; set; }

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Train()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        var random = new Random(1);
        var columns = new float[Features][];
        for (int f = 0; f < Features; f++)
        {
            columns[f] = [.. Enumerable.Range(0, FitRows).Select(_ => random.NextSingle())];
        }

        float[] target = [.. Enumerable.Range(0, FitRows).Select(row =>
            MathF.Sin(6 * columns.Sum(column => column[row])) + random.NextSingle())];
        var model = BoostedTrees.Train(
            new(columns, new bool[Features], target, BoostingObjective.SquaredError), new() { MaxBins = 63 });
        _table = model.Terms([.. Enumerable.Range(0, Features)]).Load(_device);
        _columns = _device.Allocate<float>([.. Enumerable.Range(0, Rows * Features).Select(_ => random.NextSingle())]);
        _predictors = _device.Allocate<float>(Rows);
        _operation = TreeEnsemble.On(_device);
    }

    [Benchmark]
    public void Evaluate() => _operation.Evaluate(
        _table, new(_columns, 0, Features, Rows), new(_predictors, 0, 1, Rows));

    [GlobalCleanup]
    public void Close()
    {
        _table.Dispose();
        _columns.Dispose();
        _predictors.Dispose();
        _device.Dispose();
    }
}
