namespace CausalMixFT.Engine.Encoding;

public sealed partial class BlockEncoding
{
    /// <summary>The encoding of <paramref name="rows"/> of the table, each as often as it is named.</summary>
    /// <remarks>
    /// Levels, ranks and what gaps were filled with stay those of the whole table. A column that is constant in these rows is
    /// left out, as it is from a table that is constant: rounding would make up a correlation for it.
    /// </remarks>
    internal BlockEncoding Resample(ReadOnlySpan<int> rows) => Select(rows, [.. Enumerable.Range(0, Levels.Count)]);

    /// <summary>The same of some variables, which are then the only ones.</summary>
    internal BlockEncoding Select(ReadOnlySpan<int> rows, ReadOnlySpan<int> variables)
    {
        var starts = new int[variables.Length + 1];
        var columns = new List<ReadOnlyMemory<double>>();
        var codes = new byte[Codes.Length == 0 ? 0 : checked(rows.Length * variables.Length)];
        var levels = new int[variables.Length];
        var present = new ulong[]?[variables.Length];
        for (int i = 0; i < variables.Length; i++)
        {
            int variable = variables[i];
            for (int column = Starts[variable]; column < Starts[variable + 1]; column++)
            {
                var own = new double[rows.Length];
                Gather(Columns[column].Span, rows, own);
                if (own.AsSpan().ContainsAnyExcept(own[0]))
                {
                    columns.Add(own);
                }
            }

            starts[i + 1] = columns.Count;
            levels[i] = Levels[variable];
            present[i] = Present[variable] is { } whole ? PresentAt(whole, rows) : null;
            if (codes.Length > 0)
            {
                Gather(Codes.AsSpan(variable * Rows, Rows), rows, codes.AsSpan(i * rows.Length, rows.Length));
            }
        }

        return new(rows.Length, starts, columns, codes, levels, present, BasisColumns, []);
    }

    /// <summary>Which of some rows have a value, or null when all do.</summary>
    static ulong[]? PresentAt(ulong[] whole, ReadOnlySpan<int> rows)
    {
        var present = new ulong[(rows.Length + 63) / 64];
        bool complete = true;
        for (int i = 0; i < rows.Length; i++)
        {
            ulong has = whole[rows[i] >> 6] >> rows[i] & 1;
            present[i >> 6] |= has << i;
            complete &= has != 0;
        }

        return complete ? null : present;
    }

    static void Gather<T>(ReadOnlySpan<T> column, ReadOnlySpan<int> rows, Span<T> gathered)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            gathered[i] = column[rows[i]];
        }
    }
}
