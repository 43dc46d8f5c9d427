using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>One tensor of a file: numbers in row-major order.</summary>
/// <param name="Type">The element type as the format spells it: F32, F64, I64 …</param>
/// <param name="Shape">Sizes of the axes; empty for a single number.</param>
/// <param name="Bytes">The elements, little-endian.</param>
public sealed record SafeTensor(string Type, IReadOnlyList<int> Shape, ReadOnlyMemory<byte> Bytes)
{
    internal static readonly Dictionary<string, int> Sizes = new(StringComparer.Ordinal)
    {
        ["F64"] = 8,
        ["F32"] = 4,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I64"] = 8,
        ["I32"] = 4,
        ["I16"] = 2,
        ["I8"] = 1,
        ["U8"] = 1,
        ["BOOL"] = 1,
    };

    /// <summary>A tensor of single-precision numbers.</summary>
    public static SafeTensor Of(ReadOnlySpan<float> values, params IReadOnlyList<int> shape)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        return new("F32", shape, bytes);
    }

    /// <summary>The elements, whatever their type, as doubles: exact for all but integers beyond 2⁵³.</summary>
    public double[] ToDoubles()
    {
        var bytes = Bytes.Span;
        int size = Sizes[Type];
        var values = new double[bytes.Length / size];
        for (int i = 0; i < values.Length; i++)
        {
            var element = bytes.Slice(i * size, size);
            values[i] = Type switch
            {
                "F64" => BinaryPrimitives.ReadDoubleLittleEndian(element),
                "F32" => BinaryPrimitives.ReadSingleLittleEndian(element),
                "F16" => (double)BinaryPrimitives.ReadHalfLittleEndian(element),
                "BF16" => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(element) << 16),
                "I64" => BinaryPrimitives.ReadInt64LittleEndian(element),
                "I32" => BinaryPrimitives.ReadInt32LittleEndian(element),
                "I16" => BinaryPrimitives.ReadInt16LittleEndian(element),
                "I8" => (sbyte)element[0],
                _ => element[0],
            };
        }

        GC.KeepAlive(this); // the bytes may be a mapped file's
        return values;
    }

    /// <summary>The elements, whatever their type, as floats.</summary>
    public float[] ToFloats()
    {
        if (Type != "F32" || !BitConverter.IsLittleEndian)
        {
            return Array.ConvertAll(ToDoubles(), value => (float)value);
        }

        var values = MemoryMarshal.Cast<byte, float>(Bytes.Span).ToArray();
        GC.KeepAlive(this);
        return values;
    }
}

/// <summary>The safetensors format (Hugging Face): named tensors and a few strings, and nothing that could run.</summary>
/// <remarks>
/// Layout: 8 bytes, the header's length, little-endian; the header, a JSON object that gives each tensor's dtype, shape
/// and [begin, end) in the data, and an optional object of strings named __metadata__; then the data, without gaps.
/// </remarks>
public sealed class SafeTensors : IDisposable
{
    // The reference implementation's limit; a header names a tensor in about a hundred bytes.
    const int LongestHeader = 100_000_000;

    const string MetadataName = "__metadata__";

    readonly MappedFile? _file;

    SafeTensors(IReadOnlyDictionary<string, SafeTensor> tensors, IReadOnlyDictionary<string, string> metadata, MappedFile? file)
    {
        _file = file;
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafeTensor> Tensors { get; }

    /// <summary>The strings of __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file; its tensors lie in the mapped file until this is disposed.</summary>
    /// <exception cref="InputException">The file is missing or is no valid safetensors file.</exception>
    public static SafeTensors Read(string path)
    {
        MappedFile? file = null;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length == 0)
            {
                stream.Dispose();
                return Parse(path, []);
            }

            file = new(stream);
            return Parse(path, file.Length, file.Slice, file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new InputException(
                $"{path}: the weights cannot be read ({fault.Message.TrimEnd('.')}); name an existing .safetensors file.");
        }
        catch (InputException)
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Gives the file back; its tensors cannot be read any more.</summary>
    public void Dispose() => _file?.Dispose();

    /// <summary>Reads the bytes of a file; <paramref name="path"/> is what faults call it.</summary>
    internal static SafeTensors Parse(string path, byte[] file) =>
        Parse(path, file.Length, (offset, length) => file.AsMemory((int)offset, length), null);

    static SafeTensors Parse(string path, long fileLength, Func<long, int, ReadOnlyMemory<byte>> slice, MappedFile? file)
    {
        ulong headerLength = fileLength < 8 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(slice(0, 8).Span);
        if (fileLength < 8 || headerLength > LongestHeader || headerLength > (ulong)fileLength - 8)
        {
            throw Fault(path, $"its first 8 bytes must give the length of a header inside the file of {fileLength} bytes");
        }

        long dataStart = 8 + (long)headerLength, dataLength = fileLength - dataStart;
        var tensors = new Dictionary<string, SafeTensor>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var spans = new List<(long Begin, long End, string Name)>();
        try
        {
            using var header = JsonDocument.Parse(slice(8, (int)headerLength), new JsonDocumentOptions { MaxDepth = 4 });
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.NameEquals(MetadataName))
                {
                    foreach (var item in entry.Value.EnumerateObject())
                    {
                        metadata[item.Name] = item.Value.GetString() ?? "";
                    }
                }
                else
                {
                    var (type, shape, begin, end) = ReadEntry(path, entry, dataLength);
                    if (!tensors.TryAdd(entry.Name, new(type, shape, slice(dataStart + begin, (int)(end - begin)))))
                    {
                        throw Fault(path, $"tensor '{entry.Name}' is given twice");
                    }

                    spans.Add((begin, end, entry.Name));
                }
            }
        }
        catch (Exception fault)
            when (fault is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Fault(path, "its header must be a JSON object of tensors with dtype, shape and data_offsets");
        }

        spans.Sort();
        long expected = 0;
        foreach (var (begin, end, name) in spans)
        {
            if (begin != expected)
            {
                throw Fault(path, $"tensor '{name}' begins at byte {begin} of the data where {expected} is expected");
            }

            expected = end;
        }

        if (expected != dataLength)
        {
            throw Fault(path, $"its tensors cover {expected} bytes but {dataLength} bytes of data follow the header");
        }

        return new(tensors, metadata, file);
    }

    static (string Type, int[] Shape, long Begin, long End) ReadEntry(string path, JsonProperty entry, long dataLength)
    {
        string type = entry.Value.GetProperty("dtype").GetString() ?? "";
        if (!SafeTensor.Sizes.TryGetValue(type, out int size))
        {
            string known = string.Join(", ", SafeTensor.Sizes.Keys);
            throw Fault(path, $"tensor '{entry.Name}' has elements of type '{type}', which is none of {known}");
        }

        var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(axis => axis.GetInt32()).ToArray();
        var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64()).ToArray();
        if (offsets is not [var begin, var end] || begin < 0 || end < begin || end > dataLength
            || ByteCount(size, shape) != (UInt128)(end - begin))
        {
            throw Fault(path, string.Create(
                CultureInfo.InvariantCulture,
                $"tensor '{entry.Name}' of shape [{string.Join(", ", shape)}] does not fit its place " +
                $"[{string.Join(", ", offsets)}] in {dataLength} bytes of data"));
        }

        return end - begin <= Array.MaxLength ? (type, shape, begin, end) : throw Fault(path, string.Create(
            CultureInfo.InvariantCulture, $"tensor '{entry.Name}' has {end - begin} bytes, but {Array.MaxLength} are the most that can be read"));
    }

    // Never wraps: a product beyond 64 bits stays beyond every file.
    static UInt128 ByteCount(int size, int[] shape)
    {
        UInt128 bytes = (uint)size;
        foreach (int axis in shape)
        {
            bytes = axis < 0 || bytes > long.MaxValue ? UInt128.MaxValue : bytes * (uint)axis;
        }

        return bytes;
    }

    static InputException Fault(string path, string what) =>
        new($"{path}: this is no valid safetensors file: {what}; download or write it again.");

    /// <summary>Writes a file, beside its place and then renamed into it.</summary>
    /// <param name="path">Where; an existing file is replaced.</param>
    /// <param name="tensors">Written in this order.</param>
    /// <param name="metadata">Written as __metadata__ unless empty or null.</param>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, SafeTensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = tensors.ToArray();
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataName);
                foreach (var (key, value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var (name, tensor) in all)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.Type);
                WriteNumbers(json, "shape", tensor.Shape.Select(axis => (long)axis));
                WriteNumbers(json, "data_offsets", [offset, offset + tensor.Bytes.Length]);
                json.WriteEndObject();
                offset += tensor.Bytes.Length;
            }

            json.WriteEndObject();
        }

        while (header.Length % 8 != 0)
        {
            header.WriteByte((byte)' ');
        }

        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            header.WriteTo(stream);
            foreach (var (_, tensor) in all)
            {
                stream.Write(tensor.Bytes.Span);
            }
        });
    }

    static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
