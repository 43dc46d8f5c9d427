using CausalMixFT.Engine.Tables;
using Sylvan.Data.Csv;

namespace CausalMixFT.Engine.Formats;

/// <summary>The cells of a small CSV file, each row with its line; spaces around cells and blank lines are skipped.</summary>
/// <remarks>The separator is whichever of comma, semicolon, tab and space the first line has, in this order.</remarks>
static class CsvRows
{
    /// <exception cref="InputException">A quote is not closed.</exception>
    public static List<(int Line, string[] Cells)> Read(SourceText source)
    {
        var rows = new List<(int, string[])>();
        string first = source.Text.TrimStart().Split('\n', 2)[0];
        char separator = ",;\t ".FirstOrDefault(first.Contains, ',');
        int line = 1;
        try
        {
            using var reader = CsvDataReader.Create(
                new StringReader(source.Text),
                new CsvDataReaderOptions { HasHeaders = false, Delimiter = separator, Comment = '\0', MaxBufferSize = 1 << 26 });
            while (reader.Read())
            {
                string[] cells = [.. Enumerable.Range(0, reader.RowFieldCount).Select(i => reader.GetString(i).Trim())];
                int written = separator == ' ' ? Array.FindLastIndex(cells, cell => cell.Length > 0) + 1 : cells.Length;
                if (cells.Any(cell => cell.Length > 0))
                {
                    rows.Add((line, cells[..written]));
                }

                line += Math.Max(1, reader.GetRawRecordSpan().Count('\n'));
            }
        }
        catch (CsvInvalidCharacterException)
        {
            throw source.Fault(line, "a quoted cell that begins here is not closed; close the quote, and double quotes inside a cell.");
        }

        return rows;
    }
}
