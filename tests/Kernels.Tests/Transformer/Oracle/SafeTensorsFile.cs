using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// A .safetensors file of numbers: a header's length in eight bytes, the header in JSON, then the tensors, little-endian.
/// </summary>
sealed class SafeTensorsFile
{
    readonly Dictionary<string, (int[] Shape, double[] Values)> _tensors = [];

    /// <summary>Reads tests/Data/FOLDER/NAME.safetensors.</summary>
    public SafeTensorsFile(string folder, string name)
    {
        string path = Path.Combine(Data, folder, name + ".safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, length));
        foreach (var entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                Metadata = entry.Value.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!);
                continue;
            }

            int[] offsets = Numbers(entry.Value.GetProperty("data_offsets"));
            var data = bytes.AsSpan(8 + length)[offsets[0]..offsets[1]];
            double[] values = entry.Value.GetProperty("dtype").GetString() switch
            {
                "F64" => MemoryMarshal.Cast<byte, double>(data).ToArray(),
                "F32" => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(data).ToArray(), v => (double)v),
                "I64" => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(data).ToArray(), v => (double)v),
                var type => throw new NotSupportedException($"{path}: {entry.Name} is of type {type}."),
            };
            _tensors.Add(entry.Name, (Numbers(entry.Value.GetProperty("shape")), values));
        }
    }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IEnumerable<string> Names => _tensors.Keys;

    public int[] Shape(string name) => _tensors[name].Shape;

    public double[] this[string name] => _tensors[name].Values;

    static string Data
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "CausalMixFT.sln")))
            {
                folder = folder.Parent!;
            }

            return Path.Combine(folder.FullName, "tests", "Data");
        }
    }

    static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];
}
