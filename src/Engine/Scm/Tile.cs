using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>The memory of one tile of rows, column by column, and the way of its rows from random words to cells.</summary>
sealed class Tile : IDisposable
{
    readonly LoadedModel _model;
    readonly DeviceArray<float> _storage, _scratch;
    readonly float[] _column;
    readonly double[][] _values;

    public Tile(LoadedModel model, int capacity)
    {
        _model = model;
        _storage = model.Device.Allocate<float>(checked(model.Columns * capacity));
        _scratch = model.Device.Allocate<float>(checked(model.Outputs * capacity));
        _column = new float[capacity];
        _values = [.. Enumerable.Range(0, model.HostColumns).Select(_ => new double[capacity])];
    }

    /// <summary>The columns of the rows at hand: (columns, rows).</summary>
    public Tensor Block { get; private set; }

    /// <summary>Room for predictors: (outputs, rows).</summary>
    public Tensor Scratch(int first, int outputs) => new(_scratch, first * Block.Width, outputs, Block.Width);

    /// <summary>One of the columns, (1, rows).</summary>
    public Tensor Column(int column) => Block.Slice(column, 1);

    /// <summary>A column on the host; valid until the next call.</summary>
    public Span<float> ToHost(int column)
    {
        var host = _column.AsSpan(0, Block.Width);
        _storage.CopyTo(host, column * Block.Width);
        return host;
    }

    /// <summary>Room for a host column's rows.</summary>
    public double[] HostColumn(int place) => _values[place];

    /// <summary>Samples rows of the seed's table into each node's array.</summary>
    public void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset)
    {
        var random = Generator(seed);
        Block = new(_storage, 0, _model.Columns, rows);
        foreach (int node in _model.Scm.CausalOrder)
        {
            _model.SampleValue(node, new(random, LoadedModel.Streams * (uint)node, firstRow), this);
        }

        for (int node = 0; node < cells.Length; node++)
        {
            _model.SampleMask(node, new(random, LoadedModel.Streams * (uint)node + 1, firstRow), this);
        }

        _model.Device.Synchronize();
        for (int node = 0; node < cells.Length; node++)
        {
            var draws = new RowDraws(random, LoadedModel.Streams * (uint)node + 1, firstRow);
            _model.Decode(node, draws, this, cells[node].AsSpan(offset, rows));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _storage.Dispose();
        _scratch.Dispose();
    }

    // A purpose of its own: the seed's other users draw independently.
    static Philox Generator(ulong seed) => new Philox(seed).Branch(0x73636D); // "scm"
}
