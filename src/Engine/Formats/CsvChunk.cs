using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Formats rows of a table as the bytes of a CSV file: the text of <see cref="Column.Text"/>, without the strings.</summary>
/// <remarks>
/// Numbers on their column's grid, most of them, are written as a whole number with a point put in. Such a number has at most
/// 15 digits, and no other decimal of that length is the same double, so this is the shortest text that reads back; whatever
/// is not so plain is left to <see cref="Column.Text"/>.
/// </remarks>
sealed class CsvChunk(Table table)
{
    // More than any number's text but those that Column.Text is asked for.
    const int MostCellBytes = 64;

    // Below it, whole numbers have 15 digits at most; numbers below 0.0001 are written with an exponent.
    const double MostDigits = 1e15, SmallestPlain = 1e-4;

    static readonly long[] Powers = [.. Enumerable.Range(0, 16).Select(d => (long)Math.Pow(10, d))];

    readonly Column[] _columns = [.. table.Columns];
    readonly byte[][]?[] _levels = [.. table.Columns.Select(column =>
        column.IsDiscrete ? column.Levels.Select(level => System.Text.Encoding.UTF8.GetBytes(CsvText.Cell(level))).ToArray() : null)];

    /// <summary>The bytes of rows <paramref name="start"/> … <paramref name="end"/> − 1, compressed if asked.</summary>
    public ReadOnlyMemory<byte> Format(int start, int end, bool gzip)
    {
        var text = new Buffer();
        for (int row = start; row < end; row++)
        {
            int before = text.Length;
            for (int i = 0; i < _columns.Length; i++)
            {
                if (i > 0)
                {
                    text.Add((byte)',');
                }

                Add(text, i, row);
            }

            // A row of one empty cell would be a blank line, which readers skip.
            if (text.Length == before)
            {
                text.Add("\"\""u8);
            }

            text.Add((byte)'\n');
        }

        return gzip ? Compress(text.Written.Span) : text.Written;
    }

    /// <summary>Bytes as a gzip member of their own: members one after another are one file (RFC 1952).</summary>
    public static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> bytes)
    {
        using var memory = new MemoryStream(bytes.Length / 2);
        using (var stream = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(bytes);
        }

        return memory.GetBuffer().AsMemory(0, (int)memory.Length);
    }

    void Add(Buffer text, int index, int row)
    {
        var column = _columns[index];
        double value = column.Values[row];
        if (double.IsNaN(value))
        {
            return;
        }

        if (_levels[index] is { } levels)
        {
            text.Add(levels[(int)value]);
            return;
        }

        var place = text.Room(MostCellBytes);
        if (column.Kind == ColumnKind.Integer && Math.Abs(value) < MostDigits)
        {
            Utf8Formatter.TryFormat((long)Math.Round(value), place, out int length);
            text.Advance(length);
        }
        else if (column.Kind == ColumnKind.Date)
        {
            text.Add(System.Text.Encoding.UTF8.GetBytes(column.Text(row)));
        }
        else if (IsOnGrid(value, column.Decimals, out long scaled))
        {
            text.Advance(Fixed(scaled, column.Decimals, place));
        }
        else if (column.Decimals >= Powers.Length - 1)
        {
            value.TryFormat(place, out int length, "R", CultureInfo.InvariantCulture);
            text.Advance(length);
        }
        else
        {
            text.Add(System.Text.Encoding.UTF8.GetBytes(column.Text(row)));
        }
    }

    // Whether the value is a whole number of steps of 10^−decimals, and neither tiny, huge nor −0.
    static bool IsOnGrid(double value, int decimals, out long scaled)
    {
        scaled = 0;
        if (decimals >= Powers.Length - 1)
        {
            return false;
        }

        double steps = Math.Round(value * Powers[decimals]);
        if (!(Math.Abs(steps) < MostDigits) || steps / Powers[decimals] != value
            || (value == 0 ? double.IsNegative(value) : Math.Abs(value) < SmallestPlain))
        {
            return false;
        }

        scaled = (long)steps;
        return true;
    }

    static int Fixed(long scaled, int decimals, Span<byte> place)
    {
        int at = 0;
        if (scaled < 0)
        {
            place[at++] = (byte)'-';
            scaled = -scaled;
        }

        while (decimals > 0 && scaled % 10 == 0)
        {
            scaled /= 10;
            decimals--;
        }

        var (whole, part) = Math.DivRem(scaled, Powers[decimals]);
        Utf8Formatter.TryFormat(whole, place[at..], out int length);
        at += length;
        if (decimals == 0)
        {
            return at;
        }

        place[at++] = (byte)'.';
        for (int digit = at + decimals - 1; digit >= at; digit--)
        {
            (part, long last) = Math.DivRem(part, 10);
            place[digit] = (byte)('0' + last);
        }

        return at + decimals;
    }

    // Bytes that grow.
    sealed class Buffer
    {
        byte[] _bytes = new byte[1 << 18];

        public int Length { get; private set; }

        public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

        public Span<byte> Room(int bytes)
        {
            if (_bytes.Length - Length < bytes)
            {
                Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + bytes));
            }

            return _bytes.AsSpan(Length);
        }

        public void Advance(int bytes) => Length += bytes;

        public void Add(byte value)
        {
            Room(1)[0] = value;
            Length++;
        }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(Room(bytes.Length));
            Length += bytes.Length;
        }
    }
}
