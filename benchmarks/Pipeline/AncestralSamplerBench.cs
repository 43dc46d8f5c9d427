using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Rows from a fitted model of twelve columns, numbers and categories, each child with two parents.</summary>
public class AncestralSamplerBench : ICountsWork
{
    const int FitRows = 2000, Columns = 12;

    ComputeDevice _device = null!;
    StructuralCausalModel _scm = null!;

    [Params(100_000, 1_000_000)]
    public int Rows { get; set; }

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        var random = new Random(1);
        var columns = new List<Column>();
        var edges = new List<(int, int)>();
        for (int c = 0; c < Columns; c++)
        {
            var values = new double[FitRows];
            for (int row = 0; row < FitRows; row++)
            {
                double sum = random.NextDouble() + random.NextDouble() + random.NextDouble();
                sum += c >= 3 ? 0.5 * columns[c - 1].Values[row] + 0.5 * columns[c - 3].Values[row] : 0;
                values[row] = c % 4 == 3 ? Math.Clamp(Math.Floor(2 * sum) % 4, 0, 3) : Math.Round(sum, 3);
            }

            columns.Add(c % 4 == 3
                ? new Column($"c{c}", ColumnKind.Categorical, values, ["a", "b", "c", "d"])
                : new Column($"c{c}", ColumnKind.Numeric, values, null, decimals: 3));
            if (c >= 3)
            {
                edges.Add((c - 1, c));
                edges.Add((c - 3, c));
            }
        }

        Variable[] variables = [.. columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
        _scm = StructuralCausalModel.Fit(new Table(columns), Dag.FromEdges(variables, edges), new ScmOptions(), _device);
    }

    [Benchmark]
    public Table Sample() => AncestralSampler.Sample(_scm, Rows, seed: 7, _device);

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
