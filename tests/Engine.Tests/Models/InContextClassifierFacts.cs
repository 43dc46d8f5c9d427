using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

public class InContextClassifierFacts
{
    [Fact]
    public void Probabilities_sum_to_one()
    {
        var probabilities = Predict(new PredictionOptions(), queries: 37);
        for (int row = 0; row < 37; row++)
        {
            // Four members' three floats, each rounded to 2⁻²⁴ of 1: twelve of them stay below 1e-6.
            Assert.Equal(1, probabilities.AsSpan(3 * row, 3).ToArray().Sum(), 2e-6);
        }
    }

    [Fact]
    public void A_query_does_not_depend_on_the_queries_beside_it()
    {
        // Query rows attend to the context alone: one row or 37 at once. The same sums, in products of other sizes.
        var together = Predict(new PredictionOptions(), queries: 37);
        var alone = Predict(new PredictionOptions(), queries: 1);
        for (int k = 0; k < 3; k++)
        {
            // Probabilities after two layers of float products: 1e-6 at worst, as the logits' error against float64 is.
            Assert.Equal(together[k], alone[k], 1e-5f);
        }
    }

    [Fact]
    public void A_context_beyond_the_cap_is_drawn_by_seed()
    {
        var capped = new PredictionOptions { MaxContext = 20, Seed = 4 };
        Assert.Equal(Predict(capped, 5), Predict(capped, 5));
        Assert.NotEqual(Predict(capped, 5), Predict(capped with { Seed = 5 }, 5));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void Members_show_every_class_under_a_name_of_its_own(int classes)
    {
        for (int index = 0; index < 4; index++)
        {
            var member = Member.Of(index, 4, classes);
            Assert.Equal(Enumerable.Range(0, classes), Enumerable.Range(0, classes).Select(member.Shown).Order());
            Assert.Equal(index % 2 == 0 ? EncoderView.Raw : EncoderView.Rank, member.View);
        }

        Assert.NotEqual(Member.Of(0, 4, classes).Shift, Member.Of(2, 4, classes).Shift);
    }

    static float[] Predict(PredictionOptions options, int queries)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var transformer = new TabularTransformer(device, new TransformerConfig { Width = 16, Heads = 2, Hidden = 32, Layers = 2 });
        transformer.Parameters.Initialize(seed: 5);
        using var classifier = new InContextClassifier(transformer, options);
        return classifier.Probabilities(Rows(60, 1), Rows(37, 2).Select([.. Enumerable.Range(0, queries)]), classes: 3);
    }

    static EncodedRows Rows(int rows, int seed)
    {
        var random = new Random(seed);
        float[] cells = [.. Enumerable.Range(0, 4 * rows).Select(_ => random.NextSingle())];
        return new(4, cells, cells, [.. Enumerable.Range(0, rows).Select(row => row % 3)]);
    }
}
