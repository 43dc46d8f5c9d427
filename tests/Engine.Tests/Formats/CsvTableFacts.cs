using System.Globalization;
using System.IO.Compression;
using System.Text;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public sealed class CsvTableFacts : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Kinds_come_from_all_rows()
    {
        var table = Read("""
            n,i,b,c,z,late,dates
            1.5,3,yes,red,0,1,2020-01-01
            2,-4,no,blue,1,2,2020-01-02
            NA,,?,null,NaN,n/a,
            .25,+7,yes,red,1,three,2020-01-02
            """);
        Assert.Equal(
            [ColumnKind.Numeric, ColumnKind.Integer, ColumnKind.Boolean, ColumnKind.Categorical, ColumnKind.Boolean,
                ColumnKind.Categorical, ColumnKind.Date],
            table.Columns.Select(column => column.Kind));
        Assert.Equal([1.5, 2, double.NaN, 0.25], table["n"].Values);
        Assert.Equal(2, table["n"].Decimals);
        Assert.Equal([3, -4, double.NaN, 7], table["i"].Values);
        Assert.Equal(["no", "yes"], table["b"].Levels);
        Assert.Equal([1, 0, double.NaN, 1], table["b"].Values);
        Assert.Equal(["blue", "red"], table["c"].Levels);
        Assert.Equal(["0", "1"], table["z"].Levels);
        Assert.Equal(["1", "2", "three"], table["late"].Levels); // the spelling of the numbers before it is kept
        Assert.Equal([0, 1, double.NaN, 2], table["late"].Values);
    }

    [Theory]
    [InlineData("True,False,True", "False,True")]
    [InlineData("t,f,", "f,t")]
    [InlineData("y,n,n", "n,y")]
    [InlineData("Yes,no,Yes", "no,Yes")]
    public void Opposite_spellings_are_Boolean_with_the_denial_first(string cells, string levels)
    {
        var column = Read($"b,c\n{string.Join('\n', cells.Split(',').Select(cell => $"{cell},1"))}")["b"];
        Assert.Equal(ColumnKind.Boolean, column.Kind);
        Assert.Equal(levels.Split(','), column.Levels);
    }

    [Theory]
    [InlineData("yes,no,Yes")] // three spellings
    [InlineData("yes,yes,")] // one of two
    [InlineData("yes,false,no")]
    public void Other_spellings_are_Categorical(string cells) =>
        Assert.Equal(ColumnKind.Categorical,
            Read($"b,c\n{string.Join('\n', cells.Split(',').Select(cell => $"{cell},1"))}")["b"].Kind);

    [Fact]
    public void A_column_of_only_zeros_is_Integer() => Assert.Equal(ColumnKind.Integer, Read("a\n0\n0\n")["a"].Kind);

    [Fact]
    public void Whole_numbers_with_a_decimal_point_are_Integer()
    {
        var column = Read("a\n1.0\n\"\"\n1e3\n")["a"];
        Assert.Equal(ColumnKind.Integer, column.Kind);
        Assert.Equal(["1", "", "1000"], Enumerable.Range(0, 3).Select(column.Text));
    }

    [Fact]
    public void Whole_numbers_beyond_double_are_names_and_a_note_says_so()
    {
        var loaded = CsvTable.Read(_folder.Write("t.csv", "id,x\n9007199254740993,1\n12,2\n"));
        Assert.Equal(ColumnKind.Categorical, loaded.Table["id"].Kind);
        Assert.Equal(["12", "9007199254740993"], loaded.Table["id"].Levels);
        string note = Assert.Single(loaded.Notes);
        Assert.Contains("'9007199254740993' on line 2", note, StringComparison.Ordinal);
        Assert.Contains("--numeric id", note, StringComparison.Ordinal);
        Assert.Equal(ColumnKind.Integer, Read("a\n9007199254740992\n-9007199254740992\n")["a"].Kind);
        Assert.Equal(ColumnKind.Numeric, Read("a\n9007199254740993\n0.5\n")["a"].Kind);
        Assert.Equal(ColumnKind.Numeric, Read("a\n1e300\n5\n")["a"].Kind);
        Assert.Equal("1E+20", Read("a\n100000000000000000000\n", new() { Numeric = ["a"] })["a"].Text(0));
    }

    [Fact]
    public void Text_that_tells_rows_apart_is_left_out_and_a_note_says_so()
    {
        string path = _folder.Write("t.csv", "name,x\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"n{i},{i}\n")));
        var loaded = CsvTable.Read(path);
        Assert.Equal(["x"], loaded.Table.Columns.Select(column => column.Name));
        Assert.Equal("name", Assert.Single(loaded.LeftOut).Name);
        string note = Assert.Single(loaded.Notes);
        Assert.Contains("'name'", note, StringComparison.Ordinal);
        Assert.Contains("60 different texts in 60 rows", note, StringComparison.Ordinal);
        Assert.Contains("--categorical name", note, StringComparison.Ordinal);
        Assert.Equal(60, CsvTable.Read(path, new() { Categorical = ["name"] }).Table["name"].Levels.Count);
    }

    [Fact]
    public void Text_with_fifty_levels_stays() =>
        Assert.Equal(2, Read("name,x\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"n{i},{i}\n"))).Columns.Count);

    [Fact]
    public void Overrides_are_followed()
    {
        string path = _folder.Write("t.csv", "a,b,c,d\n1,0,x,7\n2,1,y,8\n");
        var loaded = CsvTable.Read(path, new() { Categorical = ["a"], Numeric = ["b"], Drop = ["c"], Id = ["d"] });
        Assert.Equal([ColumnKind.Categorical, ColumnKind.Integer], loaded.Table.Columns.Select(column => column.Kind));
        Assert.Contains(loaded.Notes, note => note.Contains("'c'", StringComparison.Ordinal));
        Assert.Contains(loaded.Notes, note => note.Contains("identifiers: 'd'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a,b\n1,2\n")]
    [InlineData("a;b\n1;2\n")]
    [InlineData("a\tb\n1\t2\n")]
    [InlineData("a,b\r\n1,2\r\n")]
    [InlineData("a,b\r1,2\r")]
    [InlineData("\n  \na, b\n\n1 , 2\n\n\n")]
    [InlineData("\uFEFFa,b\n1,2")]
    [InlineData("\"a\";\"b\"\n\"1\";\"2\"")]
    public void Separators_line_ends_blanks_and_byte_order_marks_do_not_matter(string text)
    {
        var table = Read(text);
        Assert.Equal(["a", "b"], table.Columns.Select(column => column.Name));
        Assert.Equal([1], table["a"].Values);
        Assert.Equal([2], table["b"].Values);
    }

    [Fact]
    public void Quoted_cells_hold_separators_quotes_line_ends_and_hashes()
    {
        var table = Read("a,\"b,c\"\n\"x, \"\"y\"\"\",\"two\nlines\"\n#1,z\n");
        Assert.Equal("b,c", table.Columns[1].Name);
        Assert.Equal("x, \"y\"", table["a"].Text(0));
        Assert.Equal("two\nlines", table["b,c"].Text(0));
        Assert.Equal("#1", table["a"].Text(1));
    }

    [Theory]
    [InlineData("t.csv.gz")]
    [InlineData("t.csv")] // gzip under another name
    public void Gzip_is_read_whatever_its_name(string name)
    {
        var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionMode.Compress))
        {
            gzip.Write("a\n1.5\n"u8);
        }

        Assert.Equal([1.5], CsvTable.Read(_folder.Write(name, bytes.ToArray())).Table["a"].Values);
    }

    [Fact]
    public void Damaged_gzip_is_an_error() =>
        AssertFault([0x1F, 0x8B, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "t.csv", "gzip", "compress it again");

    [Fact]
    public void Gzip_that_is_cut_short_is_an_error()
    {
        var random = new Random(8);
        var table = new Table([new("a", ColumnKind.Integer, [.. Enumerable.Range(0, 5000).Select(_ => (double)random.Next(1 << 20))])]);
        CsvTable.Write(table, _folder["whole.csv.gz"]);
        byte[] bytes = File.ReadAllBytes(_folder["whole.csv.gz"]);
        AssertFault(bytes[..(bytes.Length / 2)], "half.csv.gz", "damaged or cut short", "compress it again");
    }

    [Theory]
    [InlineData("churn.csv", 5000, 20, "Boolean 3, Categorical 2, Integer 7, Numeric 8")]
    [InlineData("lending-club.csv", 9857, 23, "Categorical 6, Integer 14, Numeric 3")]
    [InlineData("wdbc.csv", 569, 31, "Categorical 1, Numeric 30")]
    public void The_example_tables_read_whole_and_are_written_as_they_are(string name, int rows, int columns, string kinds)
    {
        string path = RepositoryFiles.At("examples", name);
        var loaded = CsvTable.Read(path);
        Assert.Empty(loaded.Notes);
        Assert.Equal((rows, columns), (loaded.Table.Rows, loaded.Table.Columns.Count));
        var counts = loaded.Table.Columns.CountBy(column => column.Kind.ToString()).OrderBy(pair => pair.Key, StringComparer.Ordinal);
        Assert.Equal(kinds, string.Join(", ", counts.Select(pair => $"{pair.Key} {pair.Value}")));
        CsvTable.Write(loaded.Table, _folder[name]);
        var back = CsvTable.Read(_folder[name]).Table;
        Assert.All(loaded.Table.Columns.Zip(back.Columns), pair => Assert.Equal(pair.First.Values, pair.Second.Values));
    }

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var random = new Random(5);
        var table = new Table([
            new("x,y", ColumnKind.Numeric, [0.1, 1 / 3.0, double.NaN, -1e-300, double.MaxValue, 123456789.125], null, 300),
            new("money", ColumnKind.Numeric, [0.1, 2.25, 1e15, -3.5, double.NaN, 0.01], null, 2),
            new("i", ColumnKind.Integer, [1, -9007199254740992, 3, double.NaN, 0, 9007199254740992]),
            new("b", ColumnKind.Boolean, [0, 1, 1, 0, double.NaN, 1], ["no", "yes"]),
            new("c", ColumnKind.Categorical, [0, 1, 2, 3, double.NaN, 0], ["\"q\"", "a,b", "line\r\nend", "é"]),
            new("r", ColumnKind.Numeric, [.. Enumerable.Range(0, 6).Select(_ => random.NextDouble())], null, 17)]);
        foreach (string name in new[] { "t.csv", "t.csv.gz" })
        {
            CsvTable.Write(table, _folder[name]);
            var back = CsvTable.Read(_folder[name]).Table;
            Assert.Equal(table.Columns.Select(column => (column.Name, column.Kind)), back.Columns.Select(column => (column.Name, column.Kind)));
            foreach (var (written, read) in table.Columns.Zip(back.Columns))
            {
                Assert.Equal(written.Values, read.Values);
                Assert.Equal(written.Levels, read.Levels);
            }
        }

        Assert.Equal([0x1F, 0x8B], File.ReadAllBytes(_folder["t.csv.gz"])[..2]);
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length); // nothing half-written is left
    }

    [Fact]
    public void A_missing_cell_of_a_single_column_reads_back()
    {
        CsvTable.Write(new Table([new("a", ColumnKind.Integer, [1, double.NaN, 3])]), _folder["t.csv"]);
        Assert.Equal([1, double.NaN, 3], CsvTable.Read(_folder["t.csv"]).Table["a"].Values);
    }

    [Fact]
    public void Numbers_are_written_with_at_most_the_decimals_of_their_column()
    {
        var column = new Column("a", ColumnKind.Numeric, [1 / 3.0, 2, 0.126, -0.001, 1e-9, 12345.678], null, 2);
        Assert.Equal(["0.33", "2", "0.13", "0", "0", "12345.68"], Enumerable.Range(0, 6).Select(column.Text));
    }

    [Fact]
    public void Every_number_agrees_with_the_platform_parser()
    {
        var random = new Random(11);
        var cells = Enumerable.Range(0, 2000).Select(i => (i % 5) switch
        {
            0 => random.NextDouble().ToString("R", CultureInfo.InvariantCulture),
            1 => (random.NextDouble() * 1e6).ToString("F3", CultureInfo.InvariantCulture),
            2 => (-random.NextDouble()).ToString("E9", CultureInfo.InvariantCulture),
            3 => random.NextInt64(-1L << 53, 1L << 53).ToString(CultureInfo.InvariantCulture),
            _ => $"{random.Next(1000)}.",
        }).ToArray();
        var column = Read($"a\n{string.Join('\n', cells)}\n")["a"];
        Assert.Equal(cells.Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)), column.Values.ToArray());
    }

    [Fact]
    public void A_schema_gives_kinds_levels_and_order()
    {
        var schema = Read("flag,c,x,n\n0.0,a,1.5,7\n1.0,b,2.5,8\n");
        var loaded = CsvTable.ReadLike(_folder.Write("new.csv", "extra,n,c,flag,x\n1,3,9,1.0,4\n2,,a,0.0,5\n"), schema);
        Assert.Equal(["flag", "c", "x", "n"], loaded.Table.Columns.Select(column => column.Name));
        Assert.Equal(["0", "1"], loaded.Table["flag"].Levels);
        Assert.Equal([1, 0], loaded.Table["flag"].Values);
        Assert.Equal(["a", "b", "9"], loaded.Table["c"].Levels);
        Assert.Equal([2, 0], loaded.Table["c"].Values);
        Assert.Equal(ColumnKind.Integer, loaded.Table["x"].Kind); // all whole here; still numbers
        Assert.Contains("'extra'", Assert.Single(loaded.Notes), StringComparison.Ordinal);
        var fault = Assert.Throws<InputException>(() => CsvTable.ReadLike(_folder.Write("no.csv", "flg,c,x\n1,2,3\n"), schema));
        Assert.Contains("did you mean 'flg'?", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_an_error()
    {
        var fault = Assert.Throws<TableFormatException>(() => CsvTable.Read(_folder["none.csv"]));
        Assert.Contains("none.csv", fault.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist; check the path", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_an_error()
    {
        var fault = Assert.Throws<TableFormatException>(() => CsvTable.Read(_folder.Path));
        Assert.Contains("this is a folder", fault.Message, StringComparison.Ordinal);
        Assert.Contains("name one of the .csv files", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the file is empty", "header line and rows were expected")]
    [InlineData("\n  \n", "the file is empty", "header line and rows were expected")]
    [InlineData("a,b\n", "header but no rows", "add rows")]
    [InlineData("a,b\n1,2\n3\n", "line 3", "the row has 1 field", "header has 2 fields", "correct the row")]
    [InlineData("a,b\n\"1\n\",2\n\n1,2,3\n", "line 5", "the row has 3 fields", "header has 2 fields", "quote cells that hold a comma")]
    [InlineData("a;b\n1;2;3\n", "line 2", "3 fields", "a semicolon")]
    [InlineData("a,b,a\n1,2,3\n", "line 1", "columns 1 and 3 are both called 'a'", "a name of its own")]
    [InlineData(",b\n1,2\n", "line 1", "column 1 of 2 has an empty name", "give every column a name")]
    [InlineData("a,b\n1,2\n3,1e999\n", "line 3", "column 'b'", "'1e999'", "finite number", "leave the cell empty")]
    [InlineData("a,b\n1,-Infinity\n3,2\n", "line 2", "column 'b'", "'-Infinity'", "finite number", "leave the cell empty")]
    [InlineData("a,b\n1,inf\n3,2\n", "line 2", "column 'b'", "'inf'", "finite number")]
    [InlineData("a,b\n1,\"x\n3,2\n", "line 2", "not closed", "close the quote")]
    [InlineData("a,b\n1,2\n1,\"x\"y\n3,2\n", "line 3", "not closed", "close the quote")]
    public void Bad_files_are_errors_that_say_where_what_and_how_to_mend(string text, params string[] parts) =>
        AssertFault(new UTF8Encoding(false).GetBytes(text), "t.csv", parts);

    [Fact]
    public void Infinity_among_names_is_a_name() =>
        Assert.Equal(["a", "inf"], Read("x,y\ninf,1\na,2\n")["x"].Levels);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_an_error()
    {
        AssertFault([.. "a,b\n1,2\n1,caf"u8, 0xE9, .. "\n"u8], "t.csv", "line 3", "0xE9", "save the file as UTF-8");
        AssertFault([0xFF, 0xFE, (byte)'a', 0, (byte)'\n', 0], "t.csv", "line 1", "0xFF");
        AssertFault([.. "a,b\n1,caf"u8, 0xC3], "t.csv", "line 2", "0xC3"); // cut inside the last character
    }

    [Fact]
    public void Text_in_a_column_marked_numeric_is_an_error()
    {
        string path = _folder.Write("t.csv", "a,b\n1,2\n1,two\n");
        var fault = Assert.Throws<TableFormatException>(() => CsvTable.Read(path, new() { Numeric = ["b"] }));
        Assert.Equal(3, fault.Line);
        Assert.Contains("column 'b' holds 'two', but a number was expected", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--categorical b", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Overrides_of_unknown_columns_are_errors()
    {
        string path = _folder.Write("t.csv", "age,income\n1,2\n");
        var fault = Assert.Throws<InputException>(() => CsvTable.Read(path, new() { Drop = ["Agee"] }));
        Assert.Contains("no column 'Agee'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--drop", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'age', 'income'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'age'?", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_named_by_two_overrides_is_an_error()
    {
        string path = _folder.Write("t.csv", "age,income\n1,2\n");
        var fault = Assert.Throws<InputException>(() => CsvTable.Read(path, new() { Numeric = ["age"], Categorical = ["age"] }));
        Assert.Contains("'age' is named by both --categorical and --numeric", fault.Message, StringComparison.Ordinal);
    }

    void AssertFault(byte[] bytes, string name, params string[] parts)
    {
        string path = _folder.Write(name, bytes);
        var fault = Assert.Throws<TableFormatException>(() => CsvTable.Read(path));
        Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
        foreach (string part in parts)
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    Table Read(string text, CsvOptions? options = null) => CsvTable.Read(_folder.Write("t.csv", text), options).Table;
}
