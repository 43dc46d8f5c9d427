using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>A million rows of twelve columns in memory, beside the limits: its random words alone, and writing its cells alone.</summary>
/// <remarks>
/// polynomial: numbers on lines, bends and products of two causes each. mixed: a count and four columns of names among them.
/// trees: the same with boosted trees at three nodes.
/// </remarks>
public class AncestralSamplerBench : ICountsWork
{
    const int FitRows = 20_000, Rows = 1_000_000, BlockRows = 1 << 16;

    ComputeDevice _device = null!;
    StructuralCausalModel _scm = null!;

    [Params("polynomial", "mixed", "trees")]
    public string Model { get; set; } = "";

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Fit()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _scm = Model == "polynomial"
            ? Polynomial()
            : StructuralCausalModel.Fit(MixedTable.Draw(FitRows, steps: Model == "trees"), MixedTable.Graph, new ScmOptions(), _device);
        int trees = _scm.Nodes.Count(node => node.Fit.Basis.StartsWith("trees", StringComparison.Ordinal));
        if (Model == "trees" && trees < 3)
        {
            throw new InvalidOperationException($"Three nodes of trees were expected, and {trees} chosen.");
        }
    }

    [Benchmark]
    public Table Sample() => AncestralSampler.Sample(_scm, Rows, seed: 7, _device);

    [Benchmark]
    public unsafe void RandomWords()
    {
        // One word for each cell, as a mechanism draws it.
        var cpu = (CpuDevice)_device;
        cpu.For((Rows + 2047) / 2048, tile =>
        {
            uint* words = stackalloc uint[2048];
            for (uint node = 0; node < _scm.Nodes.Count; node++)
            {
                new RowDraws(new Philox(7), node, (uint)tile * 2048).Fill(0, words, 2048);
            }
        });
    }

    [Benchmark]
    public double[][] WriteCells()
    {
        var cells = new double[_scm.Nodes.Count][];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = GC.AllocateUninitializedArray<double>(Rows);
        }

        ((CpuDevice)_device).For((Rows + BlockRows - 1) / BlockRows, block =>
        {
            foreach (double[] column in cells)
            {
                column.AsSpan(block * BlockRows, Math.Min(BlockRows, Rows - block * BlockRows)).Fill(block);
            }
        });
        return cells;
    }

    StructuralCausalModel Polynomial()
    {
        var random = new Philox(1);
        var columns = new List<Column>();
        var edges = new List<(int, int)>();
        for (int c = 0; c < 12; c++)
        {
            var values = new double[FitRows];
            for (int row = 0; row < FitRows; row++)
            {
                double x = c >= 3 ? columns[c - 1].Values[row] : 0, z = c >= 3 ? columns[c - 3].Values[row] : 0;
                double f = (c % 3) switch { 0 => x + 0.5 * z, 1 => Math.Abs(x) + 0.5 * z, _ => 0.4 * x * z };
                values[row] = Math.Round(f / 2 + random.Normal((uint)row, (uint)c), 4);
            }

            columns.Add(new Column($"c{c}", ColumnKind.Numeric, values, null, decimals: 4));
            if (c >= 3)
            {
                edges.AddRange([(c - 1, c), (c - 3, c)]);
            }
        }

        Variable[] variables = [.. columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
        return StructuralCausalModel.Fit(new Table(columns), Dag.FromEdges(variables, edges), new ScmOptions(), _device);
    }

    [GlobalCleanup]
    public void Close() => _device.Dispose();
}
