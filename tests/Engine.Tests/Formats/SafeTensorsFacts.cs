using System.Buffers.Binary;
using System.Text;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public sealed class SafeTensorsFacts : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        SafeTensors.Write(
            _folder["model.safetensors"],
            [
                new("layer.weight", SafeTensor.Of([1, -2.5f, 3e-30f, float.MaxValue, 0, 7], 2, 3)),
                new("scale", SafeTensor.Of([0.1f])),
                new("empty", SafeTensor.Of([], 0, 4)),
                new("größe", new SafeTensor("I64", [2], new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255 })),
            ],
            new Dictionary<string, string> { ["config"] = "{\"width\": 96}", ["note"] = "zwei \"Wörter\"" });

        var read = SafeTensors.Read(_folder["model.safetensors"]);
        Assert.Equal(["layer.weight", "scale", "empty", "größe"], read.Tensors.Keys);
        Assert.Equal([1, -2.5f, 3e-30f, float.MaxValue, 0, 7], read.Tensors["layer.weight"].ToFloats());
        Assert.Equal([2, 3], read.Tensors["layer.weight"].Shape);
        Assert.Empty(read.Tensors["scale"].Shape);
        Assert.Equal([0, 4], read.Tensors["empty"].Shape);
        Assert.Equal([1, -1], read.Tensors["größe"].ToDoubles());
        Assert.Equal("{\"width\": 96}", read.Metadata["config"]);
        Assert.Equal("zwei \"Wörter\"", read.Metadata["note"]);
        Assert.Equal(["model.safetensors"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes_and_data_starts_on_a_multiple_of_eight()
    {
        KeyValuePair<string, SafeTensor>[] tensors = [new("a", SafeTensor.Of([1, 2], 2)), new("bb", SafeTensor.Of([3], 1))];
        SafeTensors.Write(_folder["one"], tensors);
        SafeTensors.Write(_folder["two"], tensors);
        byte[] bytes = System.IO.File.ReadAllBytes(_folder["one"]);
        Assert.Equal(bytes, System.IO.File.ReadAllBytes(_folder["two"]));
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(bytes) % 8);
    }

    [Fact]
    public void Every_element_type_is_converted()
    {
        (string Type, byte[] Bytes, double Value)[] cases =
        [
            ("F64", [0, 0, 0, 0, 0, 0, 248, 191], -1.5), ("F32", [0, 0, 192, 191], -1.5), ("F16", [0, 190], -1.5), ("BF16", [192, 191], -1.5),
            ("I64", [254, 255, 255, 255, 255, 255, 255, 255], -2), ("I32", [254, 255, 255, 255], -2), ("I16", [254, 255], -2),
            ("I8", [254], -2), ("U8", [254], 254), ("BOOL", [1], 1),
        ];
        foreach (var (type, bytes, value) in cases)
        {
            Assert.Equal([value], new SafeTensor(type, [1], bytes).ToDoubles());
            Assert.Equal([(float)value], new SafeTensor(type, [1], bytes).ToFloats());
        }
    }

    const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";

    [Theory]
    [InlineData("not JSON", "{\"a\":", 11, "header")]
    [InlineData("no object", "[1, 2]", 0, "header")]
    [InlineData("an entry without a dtype", """{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "header")]
    [InlineData("a shape of strings", """{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "header")]
    [InlineData("offsets beyond 64 bits", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", 8, "header")]
    [InlineData("nested too deep", """{"a":[[[[[[1]]]]]]}""", 8, "header")]
    [InlineData("an unknown dtype", """{"a":{"dtype":"Q7","shape":[2],"data_offsets":[0,8]}}""", 8, "'Q7'")]
    [InlineData("a size that does not fit", """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "shape [3]")]
    [InlineData("a shape whose product overflows", """{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2],"data_offsets":[0,8]}}""", 8, "shape")]
    [InlineData("a product that wraps to the right size", """{"a":{"dtype":"F32","shape":[1073741824,1073741824,16],"data_offsets":[0,0]}}""", 0, "shape")]
    [InlineData("a negative axis", """{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}""", 8, "shape")]
    [InlineData("offsets that run backwards", """{"a":{"dtype":"F32","shape":[0],"data_offsets":[8,4]}}""", 8, "place")]
    [InlineData("offsets past the end", """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 8, "place")]
    [InlineData("three offsets", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "place")]
    [InlineData("overlapping tensors", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "begins at byte 2")]
    [InlineData("a gap", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "begins at byte 2")]
    [InlineData("data that no tensor covers", Good, 12, "12 bytes of data")]
    [InlineData("a tensor twice", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "twice")]
    [InlineData("metadata that is no string", """{"__metadata__":{"a":1}}""", 0, "header")]
    public void A_malformed_file_gives_one_sentence(string what, string header, int dataLength, string expected)
    {
        var fault = Assert.Throws<InputException>(() => SafeTensors.Read(_folder.Write("bad", File(header, dataLength))));
        Assert.Contains(_folder["bad"], fault.Message, StringComparison.Ordinal);
        Assert.True(fault.Message.Contains(expected, StringComparison.Ordinal), $"{what}: {fault.Message}");
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 123, 125 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0, 0, 0, 123, 125 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, 123, 125 })]
    public void A_header_length_that_cannot_be_gives_one_sentence(byte[] bytes)
    {
        var fault = Assert.Throws<InputException>(() => SafeTensors.Read(_folder.Write("bad", bytes)));
        Assert.Contains("first 8 bytes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_folder_give_one_sentence()
    {
        Assert.Throws<InputException>(() => SafeTensors.Read(_folder["nowhere"]));
        Assert.Throws<InputException>(() => SafeTensors.Read(_folder.Path));
        Assert.Throws<InputException>(() => SafeTensors.Write(_folder.Path, []));
    }

    [Fact]
    public void No_mutation_of_a_good_file_escapes_as_another_exception()
    {
        // Every byte of the header in turn becomes each of a few values that mean something in JSON or in a length.
        byte[] good = File(Good, 11);
        for (int at = 0; at < good.Length - 11; at++)
        {
            foreach (byte value in (byte[])[0, 1, 255, (byte)'"', (byte)'{', (byte)'}', (byte)'[', (byte)'9', (byte)'-', (byte)'e', (byte)'\\'])
            {
                byte[] mutated = [.. good];
                mutated[at] = value;
                try
                {
                    SafeTensors.Read(_folder.Write("mutated", mutated));
                }
                catch (InputException)
                {
                }
            }
        }
    }

    static byte[] File(string header, int dataLength)
    {
        byte[] text = new UTF8Encoding().GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. new byte[dataLength]];
    }
}
