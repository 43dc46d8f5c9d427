using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Unicode;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>
/// A text file that can be read more than once: strict UTF-8, through gzip where its first bytes say so.
/// </summary>
sealed class CsvSource
{
    // A preamble is skipped, bytes that are no UTF-8 throw instead of turning into U+FFFD.
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    public CsvSource(string path)
    {
        Path = path;
        if (Directory.Exists(path))
        {
            throw Fault(null, "this is a folder, but a table was expected; name one of the .csv files in it.");
        }

        if (!File.Exists(path))
        {
            throw Fault(null, "the file does not exist; check the path.");
        }
    }

    public string Path { get; }

    /// <summary>
    /// Runs <paramref name="read"/> on the text from its start; faults of the file become input exceptions.
    /// </summary>
    public T Read<T>(Func<TextReader, T> read)
    {
        try
        {
            using var bytes = OpenBytes();
            using var text = new StreamReader(bytes, Strict, detectEncodingFromByteOrderMarks: false, 1 << 16);
            return read(text);
        }
        catch (DecoderFallbackException)
        {
            var (line, value) = FirstInvalidByte();
            throw Fault(line,
                $"the byte 0x{value:X2} is not UTF-8; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8 is often right).");
        }
        catch (InvalidDataException)
        {
            throw Fault(null, "the file begins like gzip but is damaged or cut short; compress it again.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Fault(null, $"the file cannot be read ({fault.Message.TrimEnd('.')}); check its permissions.");
        }
    }

    public TableFormatException Fault(long? line, string message) => new(Path, line, message);

    Stream OpenBytes()
    {
        var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        if (!file.CanSeek)
        {
            file.Dispose();
            throw Fault(null, "this is a pipe or device, but a table is read more than once; save it as a file first.");
        }

        bool gzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        return gzip ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    // UTF-8 never holds a line feed inside a character, so lines can be checked one at a time.
    (long Line, byte Value) FirstInvalidByte()
    {
        using var bytes = OpenBytes();
        var line = new ArrayBufferWriter<byte>();
        var buffer = new byte[1 << 16];
        long number = 1;
        while (true)
        {
            int read = bytes.Read(buffer);
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, read);
            while (!rest.IsEmpty || read == 0)
            {
                int end = rest.IndexOf((byte)'\n');
                line.Write(end < 0 ? rest : rest[..end]);
                if ((end >= 0 || read == 0) && !Utf8.IsValid(line.WrittenSpan))
                {
                    return (number, InvalidByte(line.WrittenSpan));
                }

                if (end < 0)
                {
                    break;
                }

                line.ResetWrittenCount();
                number++;
                rest = rest[(end + 1)..];
            }

            if (read == 0)
            {
                return (number, 0);
            }
        }
    }

    static byte InvalidByte(ReadOnlySpan<byte> line)
    {
        while (Rune.DecodeFromUtf8(line, out _, out int length) == OperationStatus.Done)
        {
            line = line[length..];
        }

        return line[0];
    }
}
