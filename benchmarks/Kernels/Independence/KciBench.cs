using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Kernels.Independence;

/// <summary>KCI: one question at a time, as causal-learn is timed, with nothing kept from the question before.</summary>
public class KciBench : ICountsWork
{
    KernelColumns _columns = null!;
    ComputeDevice _device = null!;
    QueryBatch _question = null!;
    readonly KernelResult[] _result = new KernelResult[1];

    [Params(200, 300, 400, 500, 1000)]
    public int Rows { get; set; }

    [Params(0, 1, 2, 3)]
    public int Depth { get; set; }

    public double Work => 1;

    public string Unit => "tests";

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
        using var test = new KernelConditionalIndependence(_columns.Columns, Rows, _columns.Starts, new(), _device);
        test.Compute(_question, _result);
    }

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}

/// <summary>Five columns: two curved functions of the first of three uniform ones, with noise.</summary>
sealed class KernelColumns
{
    public KernelColumns(int rows)
    {
        var random = new Random(1);
        var columns = Enumerable.Range(0, 5).Select(_ => new double[rows]).ToArray();
        for (int row = 0; row < rows; row++)
        {
            for (int i = 2; i < 5; i++)
            {
                columns[i][row] = 2 * random.NextDouble() - 1;
            }

            columns[0][row] = Math.Sin(2 * columns[2][row]) + 0.6 * random.NextDouble();
            columns[1][row] = columns[2][row] * columns[2][row] + 0.6 * random.NextDouble();
        }

        Columns = [.. columns.Select(column => (ReadOnlyMemory<double>)column)];
    }

    public IReadOnlyList<ReadOnlyMemory<double>> Columns { get; }

    public IReadOnlyList<int> Starts { get; } = [0, 1, 2, 3, 4, 5];
}
