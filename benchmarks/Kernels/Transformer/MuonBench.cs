using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Kernels.Transformer;

/// <summary>One step of an optimiser at the sizes that are pre-trained, without the gradients it steps along.</summary>
public class MuonBench : ICountsWork
{
    ComputeDevice _device = null!;
    TabularTransformer _model = null!;
    Optimizer _muon = null!, _adamW = null!;
    float[] _gradients = null!;

    /// <summary>Width, layers and hidden width.</summary>
    [Params("128x6x256", "192x12x768")]
    public string Size { get; set; } = "128x6x256";

    public double Work => Parameters.Layout(Config).Sum(parameter => parameter.Length);

    public string Unit => "parameters";

    TransformerConfig Config => Size.Split('x').Select(int.Parse).ToArray() is [int width, int layers, int hidden]
        ? new() { Width = width, Layers = layers, Hidden = hidden }
        : throw new InvalidOperationException($"{Size} is no size.");

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _model = new TabularTransformer(_device, Config);
        _model.Parameters.Initialize(seed: 1);
        _muon = Optimizer.Of(_device, _model.Parameters, new MuonOptions());
        _adamW = Optimizer.Of(_device, _model.Parameters, new AdamWOptions());
        var random = new Random(1);
        _gradients = [.. Enumerable.Range(0, _model.Parameters.Gradients.Length).Select(_ => random.NextSingle() - 0.5f)];
    }

    [Benchmark]
    public void Muon() => Step(_muon);

    [Benchmark(Baseline = true)]
    public void AdamW() => Step(_adamW);

    void Step(Optimizer optimizer)
    {
        // A step clears its gradients.
        _model.Parameters.Gradients.CopyFrom(_gradients);
        optimizer.Step(1e-5f);
    }

    [GlobalCleanup]
    public void Close()
    {
        _muon.Dispose();
        _adamW.Dispose();
        _model.Dispose();
        _device.Dispose();
    }
}
