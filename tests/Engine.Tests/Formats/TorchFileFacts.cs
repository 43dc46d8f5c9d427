using System.IO.Compression;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

/// <summary>Torch files are data: what is plain is read, and each way to smuggle more in is refused in one sentence.</summary>
public sealed class TorchFileFacts : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static Dictionary<string, object?> Dict(params (string Key, object? Value)[] entries) =>
        entries.ToDictionary(entry => entry.Key, entry => entry.Value);

    [Fact]
    public void Plain_data_and_tensors_are_read()
    {
        var root = Dict(
            ("state_dict", Dict(("a", TorchTensor.Of([1, 2, 3, 4, 5, 6], 2, 3)), ("b", TorchTensor.Of([0.5f])), ("none", TorchTensor.Of([], 0, 4)))),
            ("config", Dict(
                ("n", 7), ("big", -5_000_000_000L), ("rate", 0.25), ("name", "größe"), ("yes", true), ("nothing", null),
                ("list", new List<object?> { 1, "two" }), ("tuple", new object?[] { 3, 4.5 }), ("infinite", double.PositiveInfinity),
                ("tensor", TorchTensor.Of([1], 1)))),
            ("epoch", 12));
        using var read = Checkpoint.Open(_folder.Write("model.pt", TorchWriter.Save(root)));

        Assert.Equal(["a", "b", "none"], read.Tensors.Keys);
        Assert.Equal([1, 2, 3, 4, 5, 6], read.Tensors["a"].ToFloats());
        Assert.Equal([2, 3], read.Tensors["a"].Shape);
        Assert.Equal([0.5f], read.Tensors["b"].ToFloats());
        Assert.Empty(read.Tensors["b"].Shape);
        Assert.Equal([0, 4], read.Tensors["none"].Shape);
        Assert.Equal("12", read.Metadata["epoch"]);
        var config = read.Settings("config")!;
        Assert.Equal(-5_000_000_000L, (long)config["big"]!);
        Assert.Equal("größe", (string?)config["name"]);
        Assert.Equal("""[1,"two"]""", config["list"]!.ToJsonString());
        Assert.Equal("[3,4.5]", config["tuple"]!.ToJsonString());
        Assert.Null(config["infinite"]);
        Assert.False(config.ContainsKey("tensor"));
    }

    [Theory]
    [InlineData("DoubleStorage", new byte[] { 0, 0, 0, 0, 0, 0, 248, 191 }, -1.5)]
    [InlineData("HalfStorage", new byte[] { 0, 190 }, -1.5)]
    [InlineData("BFloat16Storage", new byte[] { 192, 191 }, -1.5)]
    [InlineData("LongStorage", new byte[] { 254, 255, 255, 255, 255, 255, 255, 255 }, -2)]
    [InlineData("IntStorage", new byte[] { 254, 255, 255, 255 }, -2)]
    [InlineData("ShortStorage", new byte[] { 254, 255 }, -2)]
    [InlineData("CharStorage", new byte[] { 254 }, -2)]
    [InlineData("ByteStorage", new byte[] { 254 }, 254)]
    [InlineData("BoolStorage", new byte[] { 1 }, 1)]
    public void Every_class_of_storage_is_read(string storage, byte[] bytes, double value)
    {
        using var read = Checkpoint.Open(_folder.Write("t.pt", TorchWriter.Save(Dict(("a", new TorchTensor(storage, bytes, 1, [1], [1]))))));
        Assert.Equal([value], read.Tensors["a"].ToDoubles());
    }

    [Fact]
    public void A_view_is_gathered_in_row_major_order()
    {
        // Row 1 and 2 of a 3 × 4 matrix, transposed: (4, 2) with strides (1, 4) and offset 4.
        var view = TorchTensor.Of([.. Enumerable.Range(0, 12).Select(i => (float)i)], 3, 4) with { Shape = [4, 2], Strides = [1, 4], Offset = 4 };
        using var read = Checkpoint.Open(_folder.Write("t.pt", TorchWriter.Save(Dict(("a", view)))));
        Assert.Equal([4, 8, 5, 9, 6, 10, 7, 11], read.Tensors["a"].ToFloats());
    }

    [Fact]
    public void Parameters_state_of_dicts_memo_and_later_protocols_are_read()
    {
        var writer = new TorchWriter();
        writer.Raw(0x80 + 0x15, 9, 0, 0, 0, 0, 0, 0, 0); // a frame, as from protocol 4 on
        writer.OrderedDict().Raw((byte)'q', 3, (byte)'(').Value("w").Raw(0x94);
        writer.Global("torch._utils", "_rebuild_parameter").Raw((byte)'(').Value(TorchTensor.Of([7, 8], 2)).Value(true).OrderedDict().Raw((byte)'t', (byte)'R');
        writer.Raw(0x8c, 1, (byte)'v').Value(TorchTensor.Of([9], 1)).Raw((byte)'u');
        writer.Value(Dict(("_metadata", Dict(("", Dict(("version", 1))))))).Raw((byte)'b');
        using var read = Checkpoint.Open(_folder.Write("t.pt", writer.File("any name")));
        Assert.Equal(["w", "v"], read.Tensors.Keys);
        Assert.Equal([7, 8], read.Tensors["w"].ToFloats());
    }

    public static TheoryData<string, byte[], string> Attacks
    {
        get
        {
            var attacks = new TheoryData<string, byte[], string>();

            // Code that Python's own reader would run.
            Add("os.system", new TorchWriter().Global("os", "system").Raw((byte)'(').Value("true").Raw((byte)'t', (byte)'R'), "'os.system'");
            Add("eval by STACK_GLOBAL", new TorchWriter().Value("builtins").Value("eval").Raw(0x93), "'builtins.eval'");
            Add("a name that would colour a terminal", new TorchWriter().Global("os\u001b[31m", "system"), "'os??31m.system'");
            Add("another function of torch", new TorchWriter().Global("torch", "load"), "'torch.load'");
            Add("the rebuilding of something else", new TorchWriter().Global("torch._utils", "_rebuild_qtensor"), "'torch._utils._rebuild_qtensor'");
            Add("a dtype", new TorchWriter().Global("torch", "float32"), "'torch.float32'");
            Add("an enum of TabPFN", new TorchWriter().Global("tabpfn.constants", "TaskType"), "'tabpfn.constants.TaskType'");
            Add("INST", new TorchWriter().Raw((byte)'(', (byte)'i', (byte)'o', (byte)'\n', (byte)'s', (byte)'\n'), "INST");
            Add("OBJ", new TorchWriter().Raw((byte)'(', (byte)'o'), "OBJ");
            Add("NEWOBJ", new TorchWriter().OrderedDict().Value(Array.Empty<object?>()).Raw(0x81), "NEWOBJ");
            Add("NEWOBJ_EX", new TorchWriter().Raw(0x92), "NEWOBJEX");
            Add("EXT1", new TorchWriter().Raw(0x82, 1), "EXT1");
            Add("PERSID", new TorchWriter().Raw((byte)'P', (byte)'1', (byte)'\n'), "PERSID");
            Add("an instruction that there is not", new TorchWriter().Raw(0xff), "0xff");
            Add("BUILD on a tensor", new TorchWriter().Value(TorchTensor.Of([1], 1)).Value(Dict(("x", 1))).Raw((byte)'b'), "BUILD");
            Add("BUILD with a state that is no dict", new TorchWriter().OrderedDict().Value("x").Raw((byte)'b'), "BUILD");
            Add("REDUCE of a text", new TorchWriter().Value("print").Value(Array.Empty<object?>()).Raw((byte)'R'), "REDUCE");
            Add("OrderedDict with other arguments", new TorchWriter().Global("collections", "OrderedDict").Value(new object?[] { 1 }).Raw((byte)'R'), "OrderedDict");
            Add("a tensor of no storage",
                new TorchWriter().Global("torch._utils", "_rebuild_tensor_v2").Value(new object?[] { "s", 0, new object?[] { 1 }, new object?[] { 1 }, false, null }).Raw((byte)'R'),
                "RebuildTensor");
            Add("hooks", new TorchWriter().Global("torch._utils", "_rebuild_parameter").Raw((byte)'(').Value(TorchTensor.Of([1], 1)).Value(true)
                .Value(Dict(("hook", 1))).Raw((byte)'t', (byte)'R'), "RebuildParameter");
            Add("a persistent id that is no storage", new TorchWriter().Value("module").Raw((byte)'Q'), "BINPERSID");

            // Damage, and lengths that are not there.
            Add("a truncated pickle", new TorchWriter().Value(Dict(("a", 1))).Raw((byte)'X', 3, 0), "ends in the middle", stop: false);
            Add("no STOP", new TorchWriter().Value(1), "ends in the middle", stop: false);
            Add("a global without an end", new TorchWriter().Raw((byte)'c', (byte)'o', (byte)'s'), "ends in the middle", stop: false);
            Add("more after STOP", new TorchWriter().Value(1).Raw((byte)'.', (byte)'N'), "goes on after its end");
            Add("two objects", new TorchWriter().Value(1).Value(2), "goes on after its end");
            Add("an empty stack", new TorchWriter().Raw((byte)'a'), "more from its stack");
            Add("a mark as a value", new TorchWriter().Raw((byte)']', (byte)'(', (byte)'a'), "more from its stack");
            Add("no mark", new TorchWriter().Raw((byte)'t'), "a mark");
            Add("a memo that was not kept", new TorchWriter().Raw((byte)'h', 9), "recalls object 9");
            Add("a mark in the memo", new TorchWriter().Raw((byte)'(', (byte)'q', 1), "an object");
            Add("items of no dict", new TorchWriter().Value(1).Value("a").Value(2).Raw((byte)'s'), "a dict");
            Add("a key without a value", new TorchWriter().Raw((byte)'}', (byte)'(').Value("a").Raw((byte)'u'), "a key without a value");
            Add("a text of 4 GB", new TorchWriter().Raw((byte)'X', 255, 255, 255, 255), "declares 4294967295 bytes");
            Add("a text of 2^63 bytes", new TorchWriter().Raw(0x8d, 0, 0, 0, 0, 0, 0, 0, 128), "declares 9223372036854775808 bytes");
            Add("a frame beyond the end", new TorchWriter().Raw(0x95, 255, 255, 255, 255, 255, 255, 255, 255), "declares 18446744073709551615 bytes");
            Add("text that is not UTF-8", new TorchWriter().Raw(0x8c, 1, 0xe9), "not UTF-8");
            Add("a number of 255 bytes", new TorchWriter().Raw([0x8a, 255, .. new byte[255]]), "255 bytes");
            Add("a protocol from the future", new byte[] { 0x80, 6 }, "protocol 6");
            Add("protocol 0", "(dp0\n."u8.ToArray(), "does not begin with a protocol");
            Add("a protocol twice", new TorchWriter().Raw(0x80, 2), "twice");
            Add("no dict of tensors", new TorchWriter().Value("hello"), "no dict");

            // More work or memory than the file is worth.
            Add("a million instructions", new TorchWriter().Raw([.. Enumerable.Repeat((byte)'N', 1_100_000)]), "more than 1000000 instructions");
            Add("a dict that holds itself", new TorchWriter().Raw((byte)'}', (byte)'(').Value("config").Raw((byte)'}', (byte)'q', 0, (byte)'(').Value("self").Raw((byte)'h', 0, (byte)'u', (byte)'u'), "contain themselves");
            Add("a billion laughs", Laughs(), "contain themselves");
            Add("a shape beyond the storage", Tensor(4, [2, 3], [3, 1]), "does not fit its storage of 4 elements");
            Add("an offset beyond the storage", Tensor(4, [2], [1], 3), "does not fit its storage of 4 elements");
            Add("an offset before the storage", Tensor(4, [1], [1], -1), "does not fit its storage of 4 elements");
            Add("an offset that wraps", Tensor(4, [2], [1], long.MaxValue), "does not fit its storage of 4 elements");
            Add("strides beyond the storage", Tensor(4, [2, 2], [3, 1]), "does not fit its storage of 4 elements");
            Add("strides of 0 that make much of little", Tensor(1, [2147483647, 2147483647], [0, 0]), "does not fit its storage of 1 elements");
            Add("a product that wraps", Tensor(4, [2147483647, 2147483647, 2147483647, 2147483647, 2147483647, 2], [0, 0, 0, 0, 0, 0]), "does not fit its storage");
            Add("a negative size", Tensor(4, [-1], [1]), "from 0 to 2147483647");
            Add("a negative stride", Tensor(4, [4], [-1], 3), "from 0 to 2147483647");
            Add("a size beyond 32 bits", Tensor(4, [1L << 32], [0]), "from 0 to 2147483647");
            Add("nine axes", Tensor(4, [1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1]), "at most 8 numbers");
            Add("strides for other axes", Tensor(4, [4], [1, 1]), "has strides");
            Add("a storage that declares more than it has", Tensor(4, [4], [1]) with { Elements = 1_000_000 }, "has 16 bytes");
            Add("a storage of 2^62 elements", Tensor(4, [4], [1]) with { Elements = 1L << 62 }, "has 16 bytes");
            Add("a storage of negative size", Tensor(4, [4], [1]) with { Elements = -4 }, "has 16 bytes");
            Add("one storage gathered again and again", Gathering(), "many times over");
            Add("a storage that is not there",
                new TorchWriter().Raw((byte)'(').Value("storage").Global("torch", "FloatStorage").Value("../data.pkl").Value("cpu").Value(1).Raw((byte)'t', (byte)'Q'),
                "the archive lacks");
            return attacks;

            void Add(string what, object attack, string expected, bool stop = true) => attacks.Add(
                what,
                attack switch
                {
                    TorchTensor tensor => TorchWriter.Save(Dict(("a", tensor))),
                    TorchWriter writer => writer.File(stop: stop),
                    byte[] pickle => Archive(("archive/data.pkl", pickle)),
                    _ => throw new ArgumentException(what),
                },
                expected);
        }
    }

    [Theory, MemberData(nameof(Attacks))]
    public void A_pickle_that_does_more_than_hold_data_is_refused(string what, byte[] file, string expected) => Refuses(what, file, expected);

    [Fact]
    public void Archives_that_lie_are_refused()
    {
        byte[] pickle = [0x80, 2, (byte)'}', (byte)'.'];
        Refuses("no pickle", Archive(("archive/version", pickle)), "0 entries data.pkl");
        Refuses("two pickles", Archive(("a/data.pkl", pickle), ("b/data.pkl", pickle)), "2 entries data.pkl");
        Refuses("a name twice", Archive(("a/data.pkl", pickle), ("a/version", pickle), ("a/version", pickle)), "two entries of one name");
        Refuses("TorchScript", Archive(("a/data.pkl", pickle), ("a/constants.pkl", pickle)), "TorchScript");
        var big = new TorchWriter();
        big.Extra["byteorder"] = "big"u8.ToArray();
        Refuses("big-endian", big.Value(Dict()).File(), "little-endian");
        Refuses("a zip bomb", new TorchWriter { Compression = CompressionLevel.SmallestSize }.Value(Dict(("zeros", new string('a', 1 << 20)))).File(), "compressed");
        Refuses("no zip", [.. "PK\u0003\u0004"u8, .. new byte[50]], "no whole zip archive");
        byte[] whole = TorchWriter.Save(Dict(("a", TorchTensor.Of([1, 2], 2))));
        Refuses("half a file", whole[..(whole.Length / 2)], "no whole zip archive");

        // The central directory says 64 MB for both lengths of data.pkl; the file is small.
        byte[] lying = [.. whole];
        int directory = lying.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(lying.AsSpan(directory + 20), 64 << 20);
        BitConverter.TryWriteBytes(lying.AsSpan(directory + 24), 64 << 20);
        Refuses("lengths beyond the file", lying, "declares");
    }

    [Fact]
    public void A_pickle_of_old_is_refused_with_advice()
    {
        byte[] old = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        Refuses("torch before 1.6", old, "torch.save");
        Refuses("torch before 1.6", old, "before version 1.6");
    }

    [Fact]
    public void No_mutation_of_a_good_file_escapes_as_another_exception()
    {
        byte[] good = TorchWriter.Save(Dict(("model", Dict(("a", TorchTensor.Of([1, 2, 3, 4], 2, 2)))), ("config", Dict(("n", 1)))));
        int refused = 0;
        for (int at = 0; at < good.Length; at++)
        {
            foreach (byte value in (byte[])[0, 1, 255, (byte)'R', (byte)'(', (byte)'c', (byte)'h', (byte)(good[at] ^ 1), (byte)(good[at] ^ 128)])
            {
                byte[] mutated = [.. good];
                mutated[at] = value;
                try
                {
                    Checkpoint.Open(_folder.Write("mutated", mutated)).Dispose();
                }
                catch (InputException)
                {
                    refused++;
                }
            }
        }

        Assert.InRange(refused, good.Length, 9 * good.Length);
    }

    void Refuses(string what, byte[] file, string expected)
    {
        var fault = Assert.Throws<InputException>(() => Checkpoint.Open(_folder.Write("bad.pt", file)));
        Assert.True(fault.Message.Contains(expected, StringComparison.Ordinal), $"{what}: {fault.Message}");
        Assert.StartsWith(_folder["bad.pt"], fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', fault.Message);
    }

    static TorchTensor Tensor(int elements, long[] shape, long[] strides, long offset = 0) =>
        new("FloatStorage", new byte[4 * elements], elements, shape, strides, offset);

    // Ten lists, each of ten times the one before: ten thousand million leaves.
    static TorchWriter Laughs()
    {
        var writer = new TorchWriter().Raw((byte)'}', (byte)'(').Value("config").Value("ha").Raw((byte)'q', 0);
        for (byte level = 0; level < 10; level++)
        {
            writer.Raw([(byte)'0', (byte)']', (byte)'(', .. Enumerable.Repeat<byte[]>([(byte)'h', level], 10).SelectMany(bytes => bytes), (byte)'e', (byte)'q', (byte)(level + 1)]);
        }

        return writer.Raw((byte)'u');
    }

    // A transposed view of 40,000 bytes, recalled with its function and made anew a hundred times.
    static TorchWriter Gathering()
    {
        var writer = new TorchWriter().Value(Tensor(10_000, [100, 100], [1, 100])).Raw((byte)'0');
        writer.Global("torch._utils", "_rebuild_tensor_v2").Raw((byte)'q', 0, (byte)'(', (byte)'(').Value("storage").Global("torch", "FloatStorage").Value("0").Value("cpu").Value(10_000)
            .Raw((byte)'t', (byte)'Q').Value(0).Value(new object?[] { 100, 100 }).Value(new object?[] { 1, 100 }).Value(false).Value(null).Raw((byte)'t', (byte)'q', 1, (byte)'R');
        for (int i = 0; i < 100; i++)
        {
            writer.Raw((byte)'0', (byte)'h', 0, (byte)'h', 1, (byte)'R');
        }

        return writer;
    }

    static byte[] Archive(params (string Name, byte[] Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }
}
