using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>Rows of several models by turns: row r is row r / M of model r mod M, of M models.</summary>
/// <remarks>
/// Every prefix and every shard holds equal parts of each model, to within a row. That is so under conditions too: each model
/// finds its own rows, or a model that meets them more often would crowd out the others.
/// </remarks>
sealed class EnsembleSource : IRowSource
{
    const uint Purpose = 0x656E7365; // "ense"

    readonly IRowSource[] _models;
    readonly double[][] _rows;

    /// <param name="models">The models' rows, of the same columns; owned.</param>
    /// <param name="columns">How many columns they have.</param>
    /// <param name="capacity">Most rows that one call samples.</param>
    public EnsembleSource(IReadOnlyList<IRowSource> models, int columns, int capacity)
    {
        _models = [.. models];
        int each = MostEach(capacity, models.Count);
        _rows = [.. Enumerable.Range(0, columns).Select(_ => new double[each])];
    }

    /// <inheritdoc/>
    public (long Drawn, long Kept) Tally => (_models.Sum(model => model.Tally.Drawn), _models.Sum(model => model.Tally.Kept));

    /// <summary>Most rows of each model among <paramref name="rows"/>.</summary>
    public static int MostEach(int rows, int models) => rows / models + 1;

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
