using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>Rows of several models by turns: row r is row r / M of model r mod M, of M models.</summary>
/// <remarks>Every prefix and every shard holds equal parts of each model, to within a row.</remarks>
sealed class EnsembleSource : IRowSource
{
    const uint Purpose = 0x656E7365; // "ense"

    readonly BlockSampler[] _models;
    readonly double[][] _rows;

    /// <param name="models">The models, of the same columns.</param>
    /// <param name="device">Where to sample; borrowed.</param>
    /// <param name="capacity">Most rows that one call samples.</param>
    /// <param name="beyondSupport">Whether numbers may leave the interval that was observed.</param>
    public EnsembleSource(
        IReadOnlyList<StructuralCausalModel> models, ComputeDevice device, int capacity, bool beyondSupport)
    {
        int each = capacity / models.Count + 1;
        _models = [.. models.Select(scm => new BlockSampler(scm, device, each, beyondSupport))];
        _rows = [.. models[0].Nodes.Select(_ => new double[each])];
    }

    /// <inheritdoc/>
    public void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset)
    {
        uint count = (uint)_models.Length;
        var random = new Philox(seed).Branch(Purpose);
        for (uint model = 0; model < count; model++)
        {
            // The first of these rows that is the model's.
            uint skip = (model + count - firstRow % count) % count;
            int own = skip < rows ? (rows - (int)skip + (int)count - 1) / (int)count : 0;
            ulong ownSeed = random.Word(0, model) | ((ulong)random.Word(1, model) << 32);
            _models[model].Sample(ownSeed, (firstRow + skip) / count, own, _rows, 0);
            for (int column = 0; column < cells.Length; column++)
            {
                var to = cells[column];
                for (int row = 0, place = offset + (int)skip; row < own; row++, place += (int)count)
                {
                    to[place] = _rows[column][row];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_models, model => model.Dispose());
}
