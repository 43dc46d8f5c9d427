using System.Buffers.Binary;
using System.IO.Compression;

namespace CausalMixFT.Engine.Tests.Formats;

/// <summary>A tensor to be pickled: a view of a storage of its own.</summary>
/// <param name="Class">The storage's class in torch.</param>
/// <param name="Bytes">The storage.</param>
/// <param name="Elements">How many elements the pickle says it has.</param>
/// <param name="Shape">Sizes of the axes.</param>
/// <param name="Strides">Elements from one index to the next along each axis.</param>
/// <param name="Offset">The first element.</param>
public sealed record TorchTensor(string Class, byte[] Bytes, long Elements, long[] Shape, long[] Strides, long Offset = 0)
{
    public static TorchTensor Of(float[] values, params int[] shape) =>
        new("FloatStorage", [.. values.SelectMany(BitConverter.GetBytes)], values.Length, Array.ConvertAll(shape, size => (long)size), RowMajor(shape));

    static long[] RowMajor(int[] shape) =>
        [.. Enumerable.Range(1, shape.Length).Select(axis => shape.Skip(axis).Aggregate(1L, (product, size) => product * size))];
}

/// <summary>Writes what torch.save would, and what an attacker would instead: a zip archive with a pickle and storages.</summary>
public sealed class TorchWriter
{
    readonly List<byte> _pickle = [0x80, 2];
    readonly List<byte[]> _storages = [];

    public Dictionary<string, byte[]> Extra { get; } = new() { ["byteorder"] = "little"u8.ToArray(), ["version"] = "3\n"u8.ToArray() };

    public CompressionLevel Compression { get; init; } = CompressionLevel.NoCompression;

    /// <summary>The file of one plain value.</summary>
    public static byte[] Save(object? root) => new TorchWriter().Value(root).File();

    /// <summary>Instructions as they are.</summary>
    public TorchWriter Raw(params byte[] bytes)
    {
        _pickle.AddRange(bytes);
        return this;
    }

    public TorchWriter Global(string module, string name) => Raw([(byte)'c', .. System.Text.Encoding.UTF8.GetBytes($"{module}\n{name}\n")]);

    /// <summary>A string, number, boolean, null, array (a tuple), list, dictionary or tensor.</summary>
    public TorchWriter Value(object? value)
    {
        switch (value)
        {
            case null:
                return Raw((byte)'N');
            case bool truth:
                return Raw(truth ? (byte)0x88 : (byte)0x89);
            case int number:
                return Value((long)number);
            case long number and >= int.MinValue and <= int.MaxValue:
                return Raw([(byte)'J', .. BitConverter.GetBytes((int)number)]);
            case long number:
                return Raw([0x8a, 8, .. BitConverter.GetBytes(number)]);
            case double number:
                var bytes = new byte[8];
                BinaryPrimitives.WriteDoubleBigEndian(bytes, number);
                return Raw([(byte)'G', .. bytes]);
            case string text:
                byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
                return Raw([(byte)'X', .. BitConverter.GetBytes(utf8.Length), .. utf8]);
            case TorchTensor tensor:
                return Tensor(tensor);
            case IReadOnlyDictionary<string, object?> dict:
                Raw((byte)'}', (byte)'(');
                foreach (var (key, item) in dict)
                {
                    Value(key).Value(item);
                }

                return Raw((byte)'u');
            case object?[] tuple:
                return Items(Raw((byte)'('), tuple).Raw((byte)'t');
            case IEnumerable<object?> list:
                return Items(Raw((byte)']', (byte)'('), list).Raw((byte)'e');
            default:
                throw new ArgumentException($"{value.GetType()} is not pickled here.");
        }
    }

    /// <summary>What pickles of a state_dict begin with, an OrderedDict to fill.</summary>
    public TorchWriter OrderedDict() => Global("collections", "OrderedDict").Raw((byte)')', (byte)'R');

    /// <summary>The whole file.</summary>
    public byte[] File(string root = "archive", bool stop = true)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add($"{root}/data.pkl", stop ? [.. _pickle, (byte)'.'] : [.. _pickle]);
            for (int i = 0; i < _storages.Count; i++)
            {
                Add($"{root}/data/{i}", _storages[i]);
            }

            foreach (var (name, content) in Extra)
            {
                Add($"{root}/{name}", content);
            }

            void Add(string name, byte[] content)
            {
                using var entry = zip.CreateEntry(name, Compression).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    static TorchWriter Items(TorchWriter writer, IEnumerable<object?> items)
    {
        foreach (object? item in items)
        {
            writer.Value(item);
        }

        return writer;
    }

    TorchWriter Tensor(TorchTensor tensor)
    {
        string key = _storages.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        _storages.Add(tensor.Bytes);
        Global("torch._utils", "_rebuild_tensor_v2").Raw((byte)'(');
        Raw((byte)'(').Value("storage").Global("torch", tensor.Class).Value(key).Value("cpu").Value(tensor.Elements).Raw((byte)'t', (byte)'Q');
        Value(tensor.Offset).Value(Array.ConvertAll(tensor.Shape, size => (object?)size)).Value(Array.ConvertAll(tensor.Strides, size => (object?)size));
        return Value(false).OrderedDict().Raw((byte)'t', (byte)'R');
    }
}
