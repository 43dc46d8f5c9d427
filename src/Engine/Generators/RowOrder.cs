using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Passes over rows in a new random order each; what does not fill a last batch is left out of a pass.</summary>
/// <param name="rows">How many rows there are.</param>
/// <param name="random">The generator; a pass is a stream of it.</param>
sealed class RowOrder(int rows, Philox random)
{
    readonly int[] _order = [.. Enumerable.Range(0, rows)];
    long _pass = -1;

    /// <summary>The row at a place in the succession of all batches; places must rise.</summary>
    internal int this[long place, int batchRows]
    {
        get
        {
            long used = rows - rows % batchRows, pass = place / used;
            for (; _pass < pass; _pass++)
            {
                Shuffle((uint)(_pass + 1));
            }

            return _order[place % used];
        }
    }

    void Shuffle(uint pass)
    {
        for (int i = rows - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, pass);
            (_order[i], _order[j]) = (_order[j], _order[i]);
        }
    }
}
