using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Tests.Transformer.Oracle;

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
        var stored = new SafeTensorsFile("tfm", file);
        foreach (string name in stored.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            ulong seed = ulong.Parse(name[prefix.Length..].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
            float[] drawn = TorchRandom.Normals(seed, stored[name].Length);
            double worst = stored[name].Zip(drawn, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(worst < Tolerance, $"{name} differs by {worst:e2}");
            compared++;
        }

        Assert.True(compared >= 3, $"{file} holds {compared} draws");
    }

    [Fact]
    public void A_longer_draw_begins_with_a_shorter_one_of_whole_blocks() =>
        Assert.Equal(TorchRandom.Normals(0, 48), TorchRandom.Normals(0, 480)[..48]);
}
