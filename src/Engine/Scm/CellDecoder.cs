using System.Numerics.Tensors;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>The last step of sampling: from a node's column on the device to a table's cells.</summary>
static class CellDecoder
{
    // Below it, a number times a power of ten is rounded exactly.
    const double MostExact = 1L << 51;

    /// <summary>Turns a device column, codes or standardised values, into cells.</summary>
    public static void Decode(ScmNode node, ReadOnlySpan<float> column, Span<double> cells, bool beyondSupport)
    {
        if (node.Support is ValueList list)
        {
            for (int row = 0; row < cells.Length; row++)
            {
                cells[row] = list.Values.Length == 0 ? double.NaN : list.Values[(int)column[row]];
            }

            return;
        }

        var range = (ValueRange)node.Support;
        TensorPrimitives.ConvertTruncating(column[..cells.Length], cells);
        TensorPrimitives.Multiply(cells, range.Spread, cells);
        TensorPrimitives.Add(cells, range.Centre, cells);
        if (range.Grid > 0)
        {
            Round(range, node.Decimals, cells, beyondSupport);
        }

        if (!beyondSupport)
        {
            TensorPrimitives.Clamp(cells, range.Min, range.Max, cells);
        }

        if (node.Mechanism is TwoPartModel twoPart)
        {
            Restore(twoPart.Atom, StandardisedAtom(twoPart, range), column, cells);
        }
    }

    /// <summary>What an atom is in a device column of standardised values.</summary>
    public static float StandardisedAtom(TwoPartModel model, ValueRange range) =>
        (float)((model.Atom - range.Centre) / range.Spread);

    // A float's way back is near the atom, and the atom is one value exactly: 0 is not 1e-8.
    static void Restore(double atom, float code, ReadOnlySpan<float> column, Span<double> cells)
    {
        for (int row = 0; row < cells.Length; row++)
        {
            cells[row] = column[row] == code ? atom : cells[row];
        }
    }

    // Onto the grid exactly: the nearest decimal number, as reading the file gave it.
    static void Round(ValueRange range, int decimals, Span<double> cells, bool beyondSupport)
    {
        double power = Math.Pow(10, decimals);
        if (!beyondSupport && Math.Max(Math.Abs(range.Min), Math.Abs(range.Max)) * power < MostExact)
        {
            // Math.Round's own steps, on whole vectors.
            TensorPrimitives.Multiply(cells, power, cells);
            TensorPrimitives.Round(cells, cells);
            TensorPrimitives.Divide(cells, power, cells);
            return;
        }

        foreach (ref double cell in cells)
        {
            cell = Math.Round(cell, decimals);
        }
    }

    /// <summary>Empties cells at random: where a word is below the share.</summary>
    public static void Drop(double share, RowDraws draws, Span<double> cells)
    {
        if (share <= 0)
        {
            return;
        }

        const int Chunk = 1024;
        Span<uint> words = stackalloc uint[Chunk];
        for (int start = 0; start < cells.Length; start += Chunk)
        {
            var part = words[..Math.Min(Chunk, cells.Length - start)];
            draws.Words(start, part);
            for (int row = 0; row < part.Length; row++)
            {
                if (part[row] < share * uint.MaxValue)
                {
                    cells[start + row] = double.NaN;
                }
            }
        }
    }
}
