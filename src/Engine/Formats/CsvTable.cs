using System.Globalization;
using CausalMixFT.Engine.Tables;
using Sylvan.Data.Csv;

namespace CausalMixFT.Engine.Formats;

/// <summary>Comma-separated values: a header line, then one row a line (RFC 4180).</summary>
/// <remarks>
/// <para>UTF-8 with or without a byte-order mark, plain or gzip. The separator is whichever of , ; and tab the header
/// has most of. Blank lines are skipped, spaces around cells too. Missing: an empty cell, NA, N/A, NaN, null or ?, in
/// any letter case. Numbers have a decimal point.</para>
/// <para>Kinds come from all rows. Date: days such as 2024-03-01. Integer: whole numbers within ±2⁵³ (1.0 is whole). Numeric: other finite numbers.
/// Boolean: exactly the two spellings of false/true, no/yes, f/t or n/y, or whole numbers that are 0 and 1, both
/// present. Categorical: anything else, levels in ordinal order. Whole numbers a double cannot hold are names.</para>
/// </remarks>
public static class CsvTable
{
    // A name with more levels than this, most of them met once or twice, tells rows apart rather than groups.
    const int MostLevels = 50;

    // Some hundred kilobytes a chunk, and as many at once as keep every core busy within some megabytes.
    const int ChunkRows = 4096, ChunksAtOnce = 16;

    // One record may span this many characters; beyond it a quote was left open.
    const int LongestRecord = 1 << 26;

    /// <summary>Reads a table and says what was left out of it.</summary>
    /// <remarks>
    /// Text columns with more than 50 levels, of which more than half the rows hold different ones, are left out and
    /// kept aside in <see cref="LoadedTable.LeftOut"/>, unless <see cref="CsvOptions.Categorical"/> names them.
    /// </remarks>
    public static LoadedTable Read(string path, CsvOptions? options = null)
    {
        options ??= new();
        var source = new CsvSource(path);
        var header = ReadHeader(source);
        var readings = Readings(source, header, options);
        var (columns, notes) = ReadColumns(source, header, readings);
        var leftOut = new List<Column>();
        for (int i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            int present = column.IsDiscrete ? Present(column) : 0;
            bool tellsRowsApart = column.Levels.Count > MostLevels && 2L * column.Levels.Count > present;
            if (tellsRowsApart && !options.Categorical.Contains(column.Name))
            {
                leftOut.Add(column);
                notes.Add(string.Create(CultureInfo.InvariantCulture,
                    $"Column '{column.Name}' is left out: it holds {column.Levels.Count} different texts in " +
                    $"{present} rows, " +
                    $"too many to learn from (--categorical {column.Name} keeps it)."));
            }
        }

        if (options.Id.Count > 0)
        {
            notes.Add($"Left out as row identifiers: {ColumnNames.List(options.Id)}.");
        }

        if (options.Drop.Count > 0)
        {
            notes.Add($"Left out as asked: {ColumnNames.List(options.Drop)}.");
        }

        return new(new([.. columns.Except(leftOut)]), notes) { LeftOut = leftOut };
    }

    /// <summary>
    /// Reads the columns of <paramref name="schema"/>, by name and with its kinds, and leaves out all others.
    /// </summary>
    /// <remarks>Levels that the schema does not know join after those it knows.</remarks>
    public static LoadedTable ReadLike(string path, Table schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var source = new CsvSource(path);
        var header = ReadHeader(source);
        foreach (var column in schema.Columns)
        {
            if (!header.Names.Contains(column.Name))
            {
                throw new InputException(ColumnNames.Unknown(column.Name, header.Names, path));
            }
        }

        var readings = header.Names.Select(name => !schema.Contains(name) ? CsvReading.Skip
            : schema[name].Kind == ColumnKind.Date ? CsvReading.Infer
            : !schema[name].IsDiscrete ? CsvReading.Numeric
            : schema[name].Levels is ["0", "1"] ? CsvReading.Infer // 0.0 and 1.0 are its levels too
            : CsvReading.Text).ToArray();
        var (columns, notes) = ReadColumns(source, header, readings);
        string[] extra = [.. header.Names.Where(name => !schema.Contains(name))];
        if (extra.Length > 0)
        {
            notes.Add($"{path}: columns that are not needed are left out: {ColumnNames.List(extra)}.");
        }

        var byName = columns.ToDictionary(column => column.Name);
        foreach (var column in schema.Columns)
        {
            if (column.Kind == ColumnKind.Date && byName[column.Name].Kind != ColumnKind.Date && Present(byName[column.Name]) > 0)
            {
                throw new InputException($"{path}: column '{column.Name}' should hold dates such as 2024-03-01, and does not in every cell; correct it.");
            }
        }

        return new(new([.. schema.Columns.Select(column => byName[column.Name].WithLevelsOf(column))]), notes);
    }

    /// <summary>The names of a file's columns, in their order.</summary>
    public static IReadOnlyList<string> Names(string path) => ReadHeader(new CsvSource(path)).Names;

    /// <summary>Writes a table, through gzip when the path ends in .gz; reading it back gives the same cells.</summary>
    public static void Write(Table table, string path)
    {
        ArgumentNullException.ThrowIfNull(table);
        WriteBlocks([table], path);
    }

    /// <summary>Writes tables of the same columns below each other, one in memory at a time where they are made on the way.</summary>
    /// <remarks>Chunks of rows are formatted, and compressed for .gz, side by side and written in order.</remarks>
    /// <param name="blocks">The tables.</param>
    /// <param name="path">The file.</param>
    /// <param name="threads">Threads that format; null for all cores. The bytes do not depend on it.</param>
    public static void WriteBlocks(IEnumerable<Table> blocks, string path, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(path);
        bool gzip = CsvText.IsGzip(path);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount };
        AtomicFile.Write(path, stream =>
        {
            bool first = true;
            foreach (var block in blocks)
            {
                if (first)
                {
                    using var header = new StringWriter();
                    CsvText.WriteRow(header, block.Columns.Select(column => column.Name));
                    byte[] bytes = System.Text.Encoding.UTF8.GetBytes(header.ToString());
                    stream.Write(gzip ? CsvChunk.Compress(bytes).Span : bytes);
                    first = false;
                }

                Write(block, stream, gzip, parallel);
            }
        });
    }

    static void Write(Table block, Stream stream, bool gzip, ParallelOptions parallel)
    {
        var format = new CsvChunk(block);
        int chunks = (block.Rows + ChunkRows - 1) / ChunkRows;
        for (int done = 0; done < chunks; done += ChunksAtOnce)
        {
            var texts = new ReadOnlyMemory<byte>[Math.Min(ChunksAtOnce, chunks - done)];
            Parallel.For(0, texts.Length, parallel, i =>
            {
                int start = (done + i) * ChunkRows;
                texts[i] = format.Format(start, Math.Min(block.Rows, start + ChunkRows), gzip);
            });
            Array.ForEach(texts, text => stream.Write(text.Span));
        }
    }

    sealed record Header(string[] Names, char Separator);

    static Header ReadHeader(CsvSource source)
    {
        char separator = source.Read(Separator);
        string[] names = source.Read(text =>
        {
            string[]? first = null;
            Scan(source, text, separator, (reader, line) =>
            {
                first = new string[reader.RowFieldCount];
                for (int i = 0; i < first.Length; i++)
                {
                    first[i] = reader.GetFieldSpan(i).Trim().ToString();
                }

                CheckNames(source, first, line);
                return false;
            });
            return first ?? throw source.Fault(null,
                "the file is empty, but a header line and rows were expected; check how it was made.");
        });
        return new(names, separator);
    }

    static void CheckNames(CsvSource source, string[] names, long line)
    {
        var place = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0)
            {
                throw source.Fault(line,
                    $"column {i + 1} of {names.Length} has an empty name; give every column a name in the header.");
            }

            if (!place.TryAdd(names[i], i))
            {
                throw source.Fault(line,
                    $"columns {place[names[i]] + 1} and {i + 1} are both called '{names[i]}'; give every column a " +
                    "name of its own.");
            }
        }
    }

    // The one of , ; and tab that the header line has most of outside quotes; a comma when it has none.
    static char Separator(TextReader text)
    {
        int comma = 0, semicolon = 0, tab = 0;
        bool quoted = false, begun = false;
        for (int next = text.Read(); next >= 0 && (next is not ('\r' or '\n') || quoted || !begun); next = text.Read())
        {
            begun |= !char.IsWhiteSpace((char)next) || next == '\t';
            quoted ^= next == '"';
            comma += next == ',' && !quoted ? 1 : 0;
            semicolon += next == ';' && !quoted ? 1 : 0;
            tab += next == '\t' && !quoted ? 1 : 0;
        }

        return comma >= semicolon && comma >= tab ? ',' : semicolon >= tab ? ';' : '\t';
    }

    static CsvReading[] Readings(CsvSource source, Header header, CsvOptions options)
    {
        var readings = new CsvReading[header.Names.Length];
        var flags = new string?[header.Names.Length];
        Mark(options.Drop, "--drop", CsvReading.Skip);
        Mark(options.Id, "--id", CsvReading.Skip);
        Mark(options.Categorical, "--categorical", CsvReading.Text);
        Mark(options.Numeric, "--numeric", CsvReading.Numeric);
        return readings;

        void Mark(IReadOnlyList<string> names, string flag, CsvReading reading)
        {
            foreach (string name in names)
            {
                int i = Array.IndexOf(header.Names, name);
                if (i < 0)
                {
                    throw new InputException(ColumnNames.Unknown(name, header.Names, $"{source.Path}, asked for by {flag}"));
                }

                if (flags[i] is string other && other != flag)
                {
                    throw new InputException(
                        $"{source.Path}: column '{name}' is named by both {other} and {flag}; keep one of the two.");
                }

                (flags[i], readings[i]) = (flag, reading);
            }
        }
    }

    static (List<Column> Columns, List<string> Notes) ReadColumns(CsvSource source, Header header, CsvReading[] readings)
    {
        var builders = ReadOnce(source, header, readings);
        var notes = new List<string>();
        if (builders.Any(builder => builder?.NeedsText == true))
        {
            var again = new CsvReading[readings.Length];
            for (int i = 0; i < readings.Length; i++)
            {
                again[i] = builders[i]?.NeedsText == true ? CsvReading.Text : CsvReading.Skip;
                if (builders[i] is { NeedsText: true, Inexact: var (line, text) } inexact)
                {
                    notes.Add(
                        $"Column '{inexact.Name}' is read as names: '{text}' on line {line} is a whole number " +
                        "beyond ±2⁵³, " +
                        $"where numbers are no longer exact (--numeric {inexact.Name} reads it as a number).");
                }
            }

            var texts = ReadOnce(source, header, again);
            builders = [.. builders.Zip(texts, (number, text) => text ?? number)];
        }

        return ([.. builders.OfType<CsvColumnBuilder>().Select(builder => builder.Build())], notes);
    }

    // One builder a column, null for those skipped.
    static CsvColumnBuilder?[] ReadOnce(CsvSource source, Header header, CsvReading[] readings)
    {
        int width = header.Names.Length;
        var builders = new CsvColumnBuilder?[width];
        for (int i = 0; i < width; i++)
        {
            builders[i] = readings[i] == CsvReading.Skip ? null : new(source, header.Names[i], readings[i]);
        }

        long rows = -1;
        source.Read(text =>
        {
            Scan(source, text, header.Separator, (reader, line) =>
            {
                if (++rows == 0)
                {
                    return true; // the header
                }

                if (reader.RowFieldCount != width)
                {
                    throw source.Fault(line,
                        $"the row has {Fields(reader.RowFieldCount)}, but the header has {Fields(width)}; correct " +
                        "the row, " +
                        $"or quote cells that hold {SeparatorName(header.Separator)}.");
                }

                for (int i = 0; i < width; i++)
                {
                    builders[i]?.Add(reader.GetFieldSpan(i), line);
                }

                return true;
            });
            return rows;
        });
        if (rows == 0)
        {
            throw source.Fault(null, "the file has a header but no rows; add rows below the header.");
        }

        foreach (var builder in builders)
        {
            builder?.Close();
        }

        return builders;
    }

    static string Fields(int count) => count == 1 ? "1 field" : $"{count} fields";

    static string SeparatorName(char separator) =>
        separator switch { ',' => "a comma", ';' => "a semicolon", _ => "a tab" };

    // Calls row with every record that is not blank and the line it begins on, until it returns false.
    static void Scan(CsvSource source, TextReader text, char separator, Func<CsvDataReader, long, bool> row)
    {
        long line = 1;
        try
        {
            using var reader = CsvDataReader.Create(text, new CsvDataReaderOptions
            {
                HasHeaders = false,
                Delimiter = separator,
                Comment = '\0', // a line may begin with #
                BufferSize = 1 << 16,
                MaxBufferSize = LongestRecord,
            });
            while (reader.Read())
            {
                var record = reader.GetRawRecordSpan();
                bool blank = reader.RowFieldCount == 1 && record.IsWhiteSpace();
                if (!blank && !row(reader, line))
                {
                    return;
                }

                int feeds = record.Count('\n');
                line += feeds > 0 ? feeds : record.Count('\r');
            }
        }
        catch (CsvInvalidCharacterException)
        {
            throw source.Fault(line,
                "a quoted cell that begins here is not closed before a separator or the end of the file; " +
                "close the quote, and double quotes inside a cell.");
        }
        catch (CsvRecordTooLargeException)
        {
            throw source.Fault(line, $"the row is longer than {LongestRecord} characters; look for a quote that is not closed.");
        }
    }

    // How many cells hold something.
    static int Present(Column column)
    {
        int present = 0;
        foreach (double value in column.Values)
        {
            present += double.IsNaN(value) ? 0 : 1;
        }

        return present;
    }
}
