using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Encoding;

/// <summary>How a table becomes blocks.</summary>
public sealed record BlockOptions
{
    /// <summary>Replace numbers by the normal scores of their ranks: outliers and skew stop mattering, order stays.</summary>
    public bool RankNormalise { get; init; }

    /// <summary>Most levels a discrete column keeps; the rarest beyond are pooled into one.</summary>
    public int MaxLevels { get; init; } = 30;

    /// <summary>Levels seen in fewer rows than this are pooled too.</summary>
    public int FewestRows { get; init; } = 1;
}

/// <summary>A table as independence tests read it: a block of columns per variable, and level codes for discrete ones.</summary>
/// <remarks>
/// A number is one column, missing cells at its mean. A discrete column with K levels is K − 1 indicators; the most
/// frequent level is the one without, which keeps the others' covariance well conditioned. Missing is a level of its own.
/// A constant column is an empty block: it can depend on nothing.
/// </remarks>
public sealed partial class BlockEncoding
{
    BlockEncoding(
        int rows, int[] starts, List<ReadOnlyMemory<double>> columns, byte[] codes, int[] levels, List<string> notes)
    {
        (Rows, Starts, Columns, Codes, Levels, Notes) = (rows, starts, columns, codes, levels, notes);
    }

    /// <summary>Rows of the table.</summary>
    public int Rows { get; }

    /// <summary>First column of each variable's block, and behind the last the number of columns.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>The blocks' columns, each of <see cref="Rows"/> numbers; a column without gaps lies where the table has it.</summary>
    public IReadOnlyList<ReadOnlyMemory<double>> Columns { get; }

    /// <summary>Level of each cell of a discrete column, (rows, variables), column-major; 0 for numbers. Empty without discrete columns.</summary>
    public byte[] Codes { get; }

    /// <summary>Levels of each variable after pooling; 1 for numbers.</summary>
    public IReadOnlyList<int> Levels { get; }

    /// <summary>What was done to columns that a reader would want to know.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Encodes every column of <paramref name="table"/>.</summary>
    public static BlockEncoding Of(Table table, BlockOptions options)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxLevels, byte.MaxValue);
        var notes = new List<string>();
        var columns = new List<ReadOnlyMemory<double>>();
        var starts = new int[table.Columns.Count + 1];
        bool anyDiscrete = table.Columns.Any(column => column.IsDiscrete);
        var codes = new byte[anyDiscrete ? checked(table.Rows * table.Columns.Count) : 0];
        var levels = new int[table.Columns.Count];
        for (int variable = 0; variable < table.Columns.Count; variable++)
        {
            var column = table.Columns[variable];
            levels[variable] = 1;
            if (column.IsDiscrete)
            {
                var own = codes.AsSpan(variable * table.Rows, table.Rows);
                levels[variable] = Pool(column, options, own, notes);
                for (int level = 1; level < levels[variable]; level++)
                {
                    var indicator = new double[table.Rows];
                    for (int row = 0; row < table.Rows; row++)
                    {
                        indicator[row] = own[row] == level ? 1 : 0;
                    }

                    columns.Add(indicator);
                }
            }
            else if (Number(column, options.RankNormalise, notes) is { } values)
            {
                columns.Add(values);
            }

            starts[variable + 1] = columns.Count;
        }

        return new(table.Rows, starts, columns, codes, levels, notes);
    }

    /// <summary>Codes by falling frequency, missing and pooled levels included; returns how many there are.</summary>
    static int Pool(Column column, BlockOptions options, Span<byte> codes, List<string> notes)
    {
        int missing = column.Levels.Count;
        var counts = new int[missing + 1];
        foreach (double value in column.Values)
        {
            counts[double.IsNaN(value) ? missing : (int)value]++;
        }

        int[] seen = [.. Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0).OrderByDescending(level => counts[level])];
        int kept = seen.Length > options.MaxLevels ? options.MaxLevels - 1 : seen.Length;
        kept = Math.Max(Math.Min(kept, seen.Count(level => counts[level] >= options.FewestRows)), 1);
        int pooled = seen.Length - kept;
        if (seen.Length > options.MaxLevels)
        {
            notes.Add($"Column '{column.Name}' has {seen.Length} levels: its {pooled} rarest were tested as one.");
        }

        if (counts[missing] > 0)
        {
            notes.Add($"Column '{column.Name}' lacks {counts[missing]} of {column.Rows} cells: missing was tested as a level of its own.");
        }

        // A single rare level keeps its own code: pooling it with nothing changes nothing.
        var code = new byte[counts.Length];
        for (int place = 0; place < seen.Length; place++)
        {
            code[seen[place]] = (byte)Math.Min(place, kept);
        }

        for (int row = 0; row < codes.Length; row++)
        {
            double value = column.Values[row];
            codes[row] = code[double.IsNaN(value) ? missing : (int)value];
        }

        return pooled > 0 ? kept + 1 : kept;
    }

    /// <summary>The column without gaps, or null when it is constant.</summary>
    static ReadOnlyMemory<double>? Number(Column column, bool rankNormalise, List<string> notes)
    {
        int present = 0;
        double first = double.NaN;
        bool constant = true;
        foreach (double value in column.Values)
        {
            if (!double.IsNaN(value))
            {
                first = present == 0 ? value : first;
                constant &= value == first;
                present++;
            }
        }

        if (constant)
        {
            notes.Add($"Column '{column.Name}' is constant: it depends on no other column.");
            return null;
        }

        if (present == column.Rows && !rankNormalise)
        {
            return column.Memory;
        }

        var values = column.Values.ToArray();
        if (rankNormalise)
        {
            var scores = NormalScores.Fit([.. values.Where(value => !double.IsNaN(value)).Order()]);
            foreach (ref double value in values.AsSpan())
            {
                value = double.IsNaN(value) ? value : scores.At(value);
            }
        }

        if (present < column.Rows)
        {
            notes.Add($"Column '{column.Name}' lacks {column.Rows - present} of {column.Rows} cells: they were tested as its mean.");
            double mean = values.Where(value => !double.IsNaN(value)).Average();
            foreach (ref double value in values.AsSpan())
            {
                value = double.IsNaN(value) ? mean : value;
            }
        }

        return values;
    }
}
