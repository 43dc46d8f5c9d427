namespace CausalMixFT.Engine.Encoding;

public sealed partial class BlockEncoding
{
    /// <summary>The encoding of <paramref name="rows"/> of the table, each as often as it is named.</summary>
    /// <remarks>
    /// Levels, ranks and what gaps were filled with stay those of the whole table. A column that is constant in these rows is
    /// left out, as it is from a table that is constant: rounding would make up a correlation for it.
    /// </remarks>
    internal BlockEncoding Resample(ReadOnlySpan<int> rows)
    {
        var starts = new int[Starts.Count];
        var columns = new List<ReadOnlyMemory<double>>(Columns.Count);
        for (int variable = 0; variable < Levels.Count; variable++)
        {
            for (int column = Starts[variable]; column < Starts[variable + 1]; column++)
            {
                var own = new double[rows.Length];
                Gather(Columns[column].Span, rows, own);
                if (own.AsSpan().ContainsAnyExcept(own[0]))
                {
                    columns.Add(own);
                }
            }

            starts[variable + 1] = columns.Count;
        }

        var codes = new byte[Codes.Length == 0 ? 0 : checked(rows.Length * Levels.Count)];
        for (int start = 0, variable = 0; start < codes.Length; start += rows.Length, variable++)
        {
            Gather(Codes.AsSpan(variable * Rows, Rows), rows, codes.AsSpan(start, rows.Length));
        }

        return new(rows.Length, starts, columns, codes, [.. Levels], []);
    }

    static void Gather<T>(ReadOnlySpan<T> column, ReadOnlySpan<int> rows, Span<T> gathered)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            gathered[i] = column[rows[i]];
        }
    }
}
