using System.IO.Compression;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Formats;

public class CsvChunkFacts
{
    static readonly double[] Odd =
    [
        0, -0.0, double.NaN, 1, -1, 0.1, -0.1, 0.5, 1e-4, 9.9e-5, 1e-5, -1e-5, 1e-300, 5e-324, 123456789012345, 999999999999999,
        1e15, 1e16, 1e22, -1e22, 1e300, double.MaxValue, 2.0 / 3, 1.005, 2.675, 0.30000000000000004, 1e14 + 0.5, 4503599627370497.5,
        9007199254740991, 99.99, 100, 1000000, 0.001, 12345.678, -12345.678,
    ];

    [Fact]
    public void Numbers_have_the_text_of_their_column()
    {
        var random = new Philox(3);
        for (int decimals = 0; decimals <= 16; decimals++)
        {
            // Odd ones, those on the grid, and those that are not.
            double[] values =
            [
                .. Odd,
                .. Enumerable.Range(0, 400).Select(i => Math.Round(Math.Pow(10, 12 * random.Uniform((uint)i, 0) - 5) * (i % 2 == 0 ? 1 : -1), Math.Min(decimals, 15))),
                .. Enumerable.Range(0, 400).Select(i => Math.Pow(10, 12 * random.Uniform((uint)i, 1) - 5)),
            ];
            Check(new Column("x", ColumnKind.Numeric, values, null, decimals));
        }
    }

    [Fact]
    public void Whole_numbers_have_the_text_of_their_column() => Check(new Column(
        "x", ColumnKind.Integer, [0, -0.0, 1, -1, 42, -1234567, 999999999999999, 1e15, -9007199254740991, double.NaN]));

    [Fact]
    public void Levels_are_quoted_where_they_need_it()
    {
        string[] levels = ["plain", "with, comma", "with \"quotes\"", "two\nlines", "grün", ""];
        var table = new Table([
            new Column("a", ColumnKind.Categorical, [0, 1, 2, 3, 4, 5, double.NaN], levels), new Column("b", ColumnKind.Integer, [1, 2, 3, 4, 5, 6, 7])]);
        Assert.Equal(
            "plain,1\n\"with, comma\",2\n\"with \"\"quotes\"\"\",3\n\"two\nlines\",4\ngrün,5\n,6\n,7\n", Text(table, gzip: false));
    }

    [Fact]
    public void A_row_of_one_empty_cell_is_no_blank_line() =>
        Assert.Equal("1\n\"\"\n3\n", Text(new Table([new Column("a", ColumnKind.Integer, [1, double.NaN, 3])]), gzip: false));

    [Fact]
    public void A_compressed_chunk_unpacks_to_the_same_text()
    {
        var table = new Table([new Column("a", ColumnKind.Integer, [.. Enumerable.Range(0, 5000).Select(i => (double)i)])]);
        var packed = new CsvChunk(table).Format(0, 3000, gzip: true).ToArray().Concat(new CsvChunk(table).Format(3000, 5000, gzip: true).ToArray());
        using var stream = new GZipStream(new MemoryStream([.. packed]), CompressionMode.Decompress);
        Assert.Equal(Text(table, gzip: false), new StreamReader(stream).ReadToEnd());
    }

    static void Check(Column column)
    {
        string[] found = Text(new Table([column, new Column("end", ColumnKind.Integer, new double[column.Rows])]), gzip: false).Split('\n');
        for (int row = 0; row < column.Rows; row++)
        {
            Assert.Equal($"{column.Text(row)},0", found[row]);
        }
    }

    static string Text(Table table, bool gzip) => System.Text.Encoding.UTF8.GetString(new CsvChunk(table).Format(0, table.Rows, gzip).Span);
}
