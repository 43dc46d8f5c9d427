using System.Runtime.InteropServices;
using System.Text.Json;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Tests.Rng;

/// <summary>Against numbers drawn by PyTorch (tests/Data/tfm/README.md).</summary>
public class TorchRandomFacts
{
    // Logarithm and cosine may differ in the last bit; the largest normals are near 4. Worst seen 4.8e-7.
    const double Tolerance = 2e-6;

    [Theory, InlineData("torch_rng", "normals."), InlineData("helpers", "colemb.seed")]
    public void Every_stored_draw_comes_out(string file, string prefix)
    {
        int compared = 0;
        foreach (var (name, stored) in Read(file).Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            ulong seed = ulong.Parse(name[prefix.Length..].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
            float[] drawn = TorchRandom.Normals(seed, stored.Length);
            double worst = stored.Zip(drawn, (a, b) => Math.Abs((double)a - b)).Max();
            Assert.True(worst < Tolerance, $"{name} differs by {worst:e2}");
            compared++;
        }

        Assert.True(compared >= 3, $"{file} holds {compared} draws");
    }

    [Fact]
    public void A_longer_draw_begins_with_a_shorter_one_of_whole_blocks() =>
        Assert.Equal(TorchRandom.Normals(0, 48), TorchRandom.Normals(0, 480)[..48]);

    // The few lines of the format that these files need; the reader for users is a stage later, in Engine.
    static Dictionary<string, float[]> Read(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CausalMixFT.sln")))
        {
            folder = folder.Parent!;
        }

        byte[] file = File.ReadAllBytes(Path.Combine(folder.FullName, "tests", "Data", "tfm", name + ".safetensors"));
        int length = (int)BitConverter.ToInt64(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, length));
        return header.RootElement.EnumerateObject()
            .Where(entry => entry.Name != "__metadata__" && entry.Value.GetProperty("dtype").GetString() == "F32")
            .ToDictionary(entry => entry.Name, entry =>
            {
                int[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(at => at.GetInt32())];
                return MemoryMarshal.Cast<byte, float>(file.AsSpan(8 + length + offsets[0], offsets[1] - offsets[0])).ToArray();
            });
    }
}
