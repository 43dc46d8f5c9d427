using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>The model on tables of many blocks and several chunks of rows; those of one block are held to the oracle elsewhere.</summary>
public class RowBlockFacts(ITestOutputHelper output)
{
    const int Copies = 40, Context = 20, Query = 10, Columns = 4;

    static readonly TransformerConfig Nano = new() { Width = 8, Heads = 2, Hidden = 12, Layers = 3, Classes = 3 };

    static readonly (string Name, TransformerConfig Config)[] Configs =
    [
        ("norms with weights", Nano),
        ("norms before", Nano with { NormBefore = true, Norm = NormKind.RmsNorm, Decoder = DecoderInput.FeatureMean }),
        ("multi-query", Nano with { AffineNorm = false, Biases = false, MultiQuery = true, GroupSize = 2, Cells = CellEncoding.Indicated }),
        ("linear", Nano with { Attention = AttentionKind.Linear, MultiQuery = true, ThinkingRows = 3, EncoderHidden = 6 }),
    ];

    public static TheoryData<string> Names => [.. Configs.Select(one => one.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_table_among_many_has_its_own_logits_and_its_share_of_the_gradients(string name)
    {
        var config = Configs.Single(one => one.Name == name).Config;
        var alone = Run(config, 1, threads: 1, recompute: false);
        foreach (bool recompute in (bool[])[false, true])
        {
            var together = Run(config, Copies, threads: 2, recompute);
            Assert.Equal(Enumerable.Repeat(alone.Logits, Copies).SelectMany(logits => logits), together.Logits);
            Assert.Equal(Enumerable.Repeat(alone.Remembered, Copies).SelectMany(logits => logits), together.Remembered);

            // Forty times the same sum, in floats and in another order.
            double largest = alone.Gradients.Max(Math.Abs);
            double error = together.Gradients.Zip(alone.Gradients, (sum, one) => Math.Abs(sum / (double)Copies - one)).Max() / largest;
            output.WriteLine($"{name}: {error:e1}");
            Assert.InRange(error, 0, 2e-5);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void One_thread_and_three_give_the_same_bits(string name)
    {
        var config = Configs.Single(one => one.Name == name).Config;
        var (one, three) = (Run(config, Copies, threads: 1, recompute: false), Run(config, Copies, threads: 3, recompute: false));
        Assert.Equal(one.Logits, three.Logits);
        Assert.Equal(one.Remembered, three.Remembered);
        Assert.Equal(one.Gradients, three.Gradients);
    }

    [Fact]
    public void A_prediction_needs_few_vectors_a_token_beside_the_keys_it_remembers()
    {
        const int Rows = 2_000, More = 100, Width = 32, Heads = 4;
        var config = Nano with { Width = Width, Heads = Heads, Hidden = 128, MultiQuery = true };
        long tokens = (long)Rows * (Columns + 1), vector = Width * sizeof(float);
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 2 });
        using var model = new TabularTransformer(device, config);
        using var workspace = new Workspace(device, 1 << 12);
        long before = device.LiveBytes;
        using var memory = model.Remember(new(1, Rows, More, Columns, new float[(Rows + More) * Columns], new float[Rows]), workspace);
        double vectors = (double)(device.LiveBytes - before) / tokens / vector;
        output.WriteLine($"{vectors:0.00} vectors of {Width} a token");

        // The stream, queries, keys and values; a quarter of two for each layer but the last remembered; logSumExp, inputs and blocks.
        Assert.InRange(vectors, 4, 4 + 2 * 2.0 / Heads + 1);
    }

    static (float[] Logits, float[] Remembered, float[] Gradients) Run(TransformerConfig config, int tables, int threads, bool recompute)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        using var workspace = new Workspace(device);
        using var model = new TabularTransformer(device, config) { Recompute = recompute };
        model.Parameters.Initialize(seed: 3);
        float[] Repeated(float[] values) => [.. Enumerable.Repeat(values, tables).SelectMany(value => value)];
        float[] cells = Array.ConvertAll(Values.Draw(1, (Context + Query) * Columns), value => (float)value);
        float[] labels = [.. Enumerable.Range(0, Context).Select(row => (float)(row * 7 % 3))];
        var batch = new EpisodeBatch(tables, Context, Query, Columns, Repeated(cells), Repeated(labels));
        using var predictor = new TransformerPredictor(model);
        float[] remembered = predictor.Logits(batch);
        var logits = model.Forward(batch, workspace);
        float[] kept = logits.ToArray();
        var dLogits = workspace.Take(logits.Rows, logits.Width);
        dLogits.CopyFrom(Repeated(Array.ConvertAll(Values.Draw(4, Query * config.Classes), value => (float)value)));
        model.Backward(dLogits);
        return (kept, remembered, model.Parameters.Gradients.ToArray());
    }
}
