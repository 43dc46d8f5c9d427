using BenchmarkDotNet.Attributes;
using CausalMixFT.Benchmarks.Peers;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Kernels.Transformer;

/// <summary>One prediction, and one training step, of the default model and of TabPFN v2's at the shapes of docs/results.md.</summary>
public class TransformerStepBench : ICountsWork
{
    ComputeDevice _device = null!;
    TabularTransformer _model = null!;
    TransformerPredictor _predictor = null!;
    TransformerTrainer _trainer = null!;
    EpisodeBatch _batch = null!;
    int[] _labels = null!;

    /// <summary>nano is the default model, v2 TabPFN v2's.</summary>
    [Params("nano", "v2")]
    public string Model { get; set; } = "nano";

    /// <summary>Context rows + query rows x columns.</summary>
    [Params("256+64x10", "1000+250x10")]
    public string Shape { get; set; } = "256+64x10";

    public double Work => (double)(Sizes[0] + Sizes[1]) * Config.Tokens(Sizes[2]);

    TransformerConfig Config => Model == "v2" ? TransformerCase.V2 : new TransformerConfig();

    public string Unit => "tokens";

    int[] Sizes => [.. Shape.Split('+', 'x').Select(int.Parse)];

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _model = new TabularTransformer(_device, Config);
        _model.Parameters.Initialize(seed: 1);
        _predictor = new TransformerPredictor(_model);
        _trainer = new TransformerTrainer(_model, new AdamWOptions());
        int context = Sizes[0], query = Sizes[1], columns = Sizes[2];
        var random = new Random(1);
        float[] cells = [.. Enumerable.Range(0, (context + query) * columns).Select(_ => random.NextSingle())];
        float[] labels = [.. Enumerable.Range(0, context).Select(row => (float)(row % 2))];
        _batch = new(1, context, query, columns, cells, labels);
        _labels = [.. Enumerable.Range(0, query).Select(row => row % 2)];
    }

    [Benchmark]
    public float[] Predict() => _predictor.Probabilities(_batch, classes: 2);

    [Benchmark]
    public double Train() => _trainer.Step(_batch, _labels, [2], learningRate: 1e-5f);

    [GlobalCleanup]
    public void Close()
    {
        _trainer.Dispose();
        _predictor.Dispose();
        _model.Dispose();
        _device.Dispose();
    }
}
