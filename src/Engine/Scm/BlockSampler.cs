using System.Collections.Concurrent;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Scm;

/// <summary>Samples blocks of rows of a structural causal model, in tiles that stay in a core's cache.</summary>
/// <remarks>
/// On a CPU each core takes a tile through all nodes, from the first random word to the table's cells; on a GPU the block is
/// one tile. A row's cells depend on the seed and the row alone, so neither shows in what is sampled.
/// </remarks>
sealed class BlockSampler : IRowSource
{
    // A multiple of 32 rows, which share random blocks. Twelve columns of 4 bytes take 100 KB of a core's cache.
    const int TileRows = 2048;

    readonly ComputeDevice _device, _tileDevice;
    readonly LoadedModel _model;
    readonly ConcurrentBag<Tile> _idle = [];
    readonly int _tileRows;

    /// <param name="scm">The model.</param>
    /// <param name="device">Where to sample; borrowed.</param>
    /// <param name="capacity">Most rows that one call samples.</param>
    /// <param name="beyondSupport">Whether numbers may leave the interval that was observed.</param>
    public BlockSampler(StructuralCausalModel scm, ComputeDevice device, int capacity, bool beyondSupport = false)
    {
        Capacity = capacity;
        _device = device;

        // The operations of a tile run on the core that took it.
        _tileDevice = device is CpuDevice
            ? ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 })
            : device;
        _tileRows = device is CpuDevice ? Math.Min(TileRows, capacity) : capacity;
        _model = new LoadedModel(scm, _tileDevice, beyondSupport);
    }

    public int Capacity { get; }

    /// <summary>
    /// Samples rows <paramref name="firstRow"/> … of the table of <paramref name="seed"/> into each node's array.
    /// </summary>
    public void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset)
    {
        int tiles = (rows + _tileRows - 1) / Math.Max(_tileRows, 1);
        if (_device is CpuDevice cpu)
        {
            cpu.For(tiles, Take);
        }
        else
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                Take(tile);
            }
        }

        void Take(int index)
        {
            int start = index * _tileRows;
            var tile = _idle.TryTake(out var idle) ? idle : new Tile(_model, _tileRows);
            tile.Sample(seed, firstRow + (uint)start, Math.Min(_tileRows, rows - start), cells, offset + start);
            _idle.Add(tile);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tile in _idle)
        {
            tile.Dispose();
        }

        _model.Dispose();
        if (_tileDevice != _device)
        {
            _tileDevice.Dispose();
        }
    }
}
