using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A column of names as levels of a diffusing row: those that occur, the rarest as one, and missing cells as another.</summary>
sealed class DiffusionLevels
{
    const int Missing = -1;

    // For each level that diffuses, the column's levels behind it; one of them unless it is the rest.
    readonly int[][] _behind;
    readonly Dictionary<int, int> _codes = [];

    // Of each class, cumulated counts of the rare levels.
    readonly int[][] _rareCounts = [];

    internal DiffusionLevels(Column column, ReadOnlySpan<int> labels, int classes, int most)
    {
        int[] cells = Array.ConvertAll(column.Values.ToArray(), value => double.IsNaN(value) ? Missing : (int)value);
        int[] known = [.. cells.CountBy(cell => cell).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => pair.Key)];
        if (known.Length <= most)
        {
            _behind = [.. known.Order().Select(cell => new[] { cell })];
        }
        else
        {
            int[] rare = [.. known[(most - 1)..].Order()];
            _behind = [.. known[..(most - 1)].Order().Select(cell => new[] { cell }), rare];
            _rareCounts = CountRare(rare, cells, labels, classes);
        }

        for (int code = 0; code < _behind.Length; code++)
        {
            foreach (int cell in _behind[code])
            {
                _codes[cell] = code;
            }
        }
    }

    /// <summary>How many levels diffuse.</summary>
    internal int Count => _behind.Length;

    /// <summary>The level of a cell that occurred.</summary>
    internal int Encode(double cell) => _codes[double.IsNaN(cell) ? Missing : (int)cell];

    /// <summary>The cell of a level; a rare one is drawn as often as it is among the rows of the class.</summary>
    internal double Decode(int code, int label, Philox random, int row, int column)
    {
        int[] behind = _behind[code];
        int cell = behind.Length == 1 ? behind[0] : behind[Drawn(_rareCounts[label], random, row, column)];
        return cell == Missing ? double.NaN : cell;
    }

    static int Drawn(int[] cumulated, Philox random, int row, int column)
    {
        int at = Array.BinarySearch(cumulated, random.Below(cumulated[^1], (uint)row, (uint)column) + 1);
        while (at > 0 && cumulated[at - 1] == cumulated[at])
        {
            at--;
        }

        return at < 0 ? ~at : at;
    }

    // A class that has none of them takes those of all rows.
    static int[][] CountRare(int[] rare, int[] cells, ReadOnlySpan<int> labels, int classes)
    {
        var counts = new int[classes + 1][];
        for (int label = 0; label <= classes; label++)
        {
            counts[label] = new int[rare.Length];
        }

        for (int row = 0; row < cells.Length; row++)
        {
            int at = Array.BinarySearch(rare, cells[row]);
            if (at >= 0)
            {
                counts[labels[row]][at]++;
                counts[classes][at]++;
            }
        }

        return [.. counts[..classes].Select(own => Cumulated(own.Any(count => count > 0) ? own : counts[classes]))];
    }

    static int[] Cumulated(int[] counts)
    {
        int sum = 0;
        return Array.ConvertAll(counts, count => sum += count);
    }
}
