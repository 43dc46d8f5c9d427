using System.Runtime.CompilerServices;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;

namespace CausalMixFT.Engine.Tests.Generators;

public class DiffusionScoresFacts
{
    // tests/Data/diffusion: scikit-learn's own numbers. Φ and its inverse differ by 1e-12 relative between the libraries.
    [Fact]
    public void Compatible_scores_are_those_of_scikit_learn()
    {
        using var file = SafeTensors.Read(Path.Combine(Folder(), "quantile.safetensors"));
        double[] Read(string name) => file.Tensors[name].ToDoubles();
        double[] column = Read("column");
        var scores = new DiffusionScores(column, compatible: true);
        AssertClose(Read("encoded"), Array.ConvertAll(column, scores.At), 1e-9);
        AssertClose(Read("decoded"), Array.ConvertAll(Read("probe"), scores.Value), 1e-8);
    }

    [Fact]
    public void A_spike_lies_in_its_middle_at_the_end_of_a_column_too()
    {
        double[] column = [.. Enumerable.Repeat(0.0, 600), .. Enumerable.Range(1, 400).Select(i => (double)i)];
        var scores = new DiffusionScores(column, compatible: false);

        // Φ⁻¹(0.3), to half a quantile in 33.
        Assert.Equal(-0.524, scores.At(0), 0.05);
        Assert.Equal(0, scores.Value(scores.At(0)));
        Assert.InRange(new DiffusionScores(column, compatible: true).At(0), -5.2, -5.19);
    }

    [Fact]
    public void The_way_back_finds_every_value_of_a_column_without_ties()
    {
        double[] column = [.. Enumerable.Range(0, 200).Select(i => Math.Exp(i / 20.0))];
        var scores = new DiffusionScores(column, compatible: false);
        Assert.All(column, value => Assert.Equal(value, scores.Value(scores.At(value)), 1e-6 * value));
        Assert.Equal(column[0], scores.Value(-9));
        Assert.Equal(column[^1], scores.Value(9));
    }

    static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance * Math.Max(1, Math.Abs(pair.First))));
    }

    static string Folder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "Data", "diffusion");
}
