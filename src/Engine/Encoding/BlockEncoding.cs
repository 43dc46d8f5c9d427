using System.Numerics.Tensors;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Independence;

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

    /// <summary>What becomes of missing cells.</summary>
    public MissingValues Missing { get; init; } = MissingValues.TestWise;

    /// <summary>
    /// Columns that stand for each number where it is tested: itself and functions of its rank, so that curves show as lines
    /// do. 1 is the number alone; above, <see cref="NormalScoreBasis.GivenOnly"/> more follow for where it is given.
    /// </summary>
    public int BasisColumns { get; init; } = 1;
}

/// <summary>A table as independence tests read it: a block of columns per variable, and level codes for discrete ones.</summary>
/// <remarks>
/// A number is one column, or that and functions of its rank. A discrete column with K levels is K − 1 indicators; the most frequent
/// level is the one without, which keeps the others' covariance well conditioned. A constant column is an empty block: it
/// can depend on nothing. Where rows with gaps are left out, a gap still fills its place, with the mean or no indicator,
/// and <see cref="Present"/> says that it is one.
/// </remarks>
public sealed partial class BlockEncoding
{
    BlockEncoding(
        int rows, int[] starts, List<ReadOnlyMemory<double>> columns, byte[] codes, int[] levels, ulong[]?[] present,
        int basisColumns, IReadOnlyList<string> notes)
    {
        (Rows, Starts, Columns, Codes, Levels, Notes) = (rows, starts, columns, codes, levels, notes);
        (Present, BasisColumns) = (present, basisColumns);
    }

    /// <summary>Rows of the table.</summary>
    public int Rows { get; }

    /// <summary>First column of each variable's block, and behind the last the number of columns.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>The blocks' columns, each of <see cref="Rows"/> numbers; a column without gaps lies where the table has it.</summary>
    public IReadOnlyList<ReadOnlyMemory<double>> Columns { get; }

    /// <summary>
    /// Level of each cell of a discrete column, (rows, variables), column-major; <see cref="DiscreteColumns.Missing"/> in a
    /// gap, 0 for numbers. Empty without discrete columns.
    /// </summary>
    public byte[] Codes { get; }

    /// <summary>One bit per row that has a value, for each variable; null where all have, or gaps were filled for good.</summary>
    public IReadOnlyList<ulong[]?> Present { get; }

    /// <summary>Whether rows have to be left out.</summary>
    public bool HasGaps => Present.Any(present => present is not null);

    /// <summary>Columns that stand for a number where it is tested.</summary>
    public int BasisColumns { get; }

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
        var present = new ulong[]?[table.Columns.Count];
        for (int variable = 0; variable < table.Columns.Count; variable++)
        {
            var column = table.Columns[variable];
            levels[variable] = 1;
            bool complete = !TensorPrimitives.IsNaNAny(column.Values);
            present[variable] = !complete && options.Missing == MissingValues.TestWise ? PresenceOf(column, notes) : null;
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
            else
            {
                columns.AddRange(Number(column, complete, options, notes));
            }

            starts[variable + 1] = columns.Count;
        }

        return new(table.Rows, starts, columns, codes, levels, present, options.BasisColumns, notes);
    }

    /// <summary>The rows that have a value.</summary>
    static ulong[] PresenceOf(Column column, List<string> notes)
    {
        var present = new ulong[(column.Rows + 63) / 64];
        int count = 0;
        for (int row = 0; row < column.Rows; row++)
        {
            bool has = !double.IsNaN(column.Values[row]);
            present[row >> 6] |= (has ? 1UL : 0) << row;
            count += has ? 1 : 0;
        }

        notes.Add(
            $"Column '{column.Name}' lacks {column.Rows - count} of {column.Rows} cells: each test that it took part in left " +
            "those rows out.");
        return present;
    }

    /// <summary>Codes by falling frequency, pooled levels and missing as a level included; returns how many there are.</summary>
    static int Pool(Column column, BlockOptions options, Span<byte> codes, List<string> notes)
    {
        bool ownLevel = options.Missing == MissingValues.OwnLevelOrMean;
        int missing = column.Levels.Count;
        var counts = new int[missing + 1];
        foreach (double value in column.Values)
        {
            counts[double.IsNaN(value) ? missing : (int)value]++;
        }

        int[] seen = [.. Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0 && (ownLevel || level != missing))
            .OrderByDescending(level => counts[level])];
        int kept = seen.Length > options.MaxLevels ? options.MaxLevels - 1 : seen.Length;
        kept = Math.Max(Math.Min(kept, seen.Count(level => counts[level] >= options.FewestRows)), 1);
        int pooled = seen.Length - kept;
        if (seen.Length > options.MaxLevels)
        {
            notes.Add($"Column '{column.Name}' has {seen.Length} levels: its {pooled} rarest were tested as one.");
        }

        if (counts[missing] > 0 && ownLevel)
        {
            notes.Add($"Column '{column.Name}' lacks {counts[missing]} of {column.Rows} cells: missing was tested as a level of its own.");
        }

        // A single rare level keeps its own code: pooling it with nothing changes nothing.
        var code = new byte[counts.Length];
        code[missing] = DiscreteColumns.Missing;
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

    /// <summary>The number's columns without gaps; none when it is constant.</summary>
    static List<ReadOnlyMemory<double>> Number(Column column, bool complete, BlockOptions options, List<string> notes)
    {
        if (IsConstant(column.Values))
        {
            notes.Add($"Column '{column.Name}' is constant: it depends on no other column.");
            return [];
        }

        if (complete && !options.RankNormalise && options.BasisColumns == 1)
        {
            return [column.Memory];
        }

        double[] values = complete ? column.Values.ToArray() : [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
        if (!complete && options.Missing == MissingValues.OwnLevelOrMean)
        {
            notes.Add($"Column '{column.Name}' lacks {column.Rows - values.Length} of {column.Rows} cells: they were tested as its mean.");
        }

        double[] scores = values;
        if (options.RankNormalise || options.BasisColumns > 1)
        {
            var fit = NormalScores.Fit([.. values.Order()]);
            scores = Array.ConvertAll(values, fit.At);
        }

        double[] itself = options.RankNormalise ? scores : values;
        return [Fill(column, itself), .. NormalScoreBasis.Expand(itself, scores, options.BasisColumns).Select(known => Fill(column, known))];
    }

    static bool IsConstant(ReadOnlySpan<double> values)
    {
        double first = double.NaN;
        foreach (double value in values)
        {
            if (value != first && !double.IsNaN(value))
            {
                if (!double.IsNaN(first))
                {
                    return false;
                }

                first = value;
            }
        }

        return true;
    }

    /// <summary>Puts the values of the cells that have one in their places, and their mean in the others.</summary>
    static ReadOnlyMemory<double> Fill(Column column, double[] known)
    {
        if (known.Length == column.Rows)
        {
            return known;
        }

        double mean = known.Average();
        var all = new double[column.Rows];
        for (int row = 0, next = 0; row < all.Length; row++)
        {
            all[row] = double.IsNaN(column.Values[row]) ? mean : known[next++];
        }

        return all;
    }
}
