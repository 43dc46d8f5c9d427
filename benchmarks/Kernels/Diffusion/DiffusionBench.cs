using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Kernels.Diffusion;

/// <summary>One training step of a batch, and one batch of samples through all steps, at the sizes of the Adult table.</summary>
/// <remarks>
/// 1,024 rows of 5 numbers and 6 columns of 44 levels, layers of 256 and 256, T = 100. Counted are the rows: a step's forward and
/// backward products are 0.72 GFLOP, a hundred forward passes 23 MFLOP a row.
/// </remarks>
public class DiffusionBench : ICountsWork
{
    const int Rows = 1_024, Steps = 100;

    ComputeDevice _device = null!;
    Denoiser _denoiser = null!;
    DiffusionTables _tables = null!;
    DiffusionTrainer _trainer = null!;
    DiffusionSampler _sampler = null!;
    DiffusionBatch _batch = null!;
    int _step;

    /// <summary>Threads of the CPU device.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    public double Work => Rows;

    public string Unit => "rows";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = Threads });
        var columns = new DiffusionColumns(5, [9, 7, 15, 6, 5, 2]);
        _denoiser = new Denoiser(_device, new() { Width = columns.Width, Labels = 2, Steps = Steps });
        _denoiser.Initialize(seed: 1);
        _tables = new DiffusionTables(_device, columns, DiffusionSchedule.Cosine(Steps));
        _trainer = new DiffusionTrainer(_denoiser, _tables, new AdamWOptions { ClipNorm = null });
        float[] bounds = [5, 5, 5, 5, 5];
        _sampler = new DiffusionSampler(_denoiser, _tables, Array.ConvertAll(bounds, bound => -bound), bounds);
        _batch = new DiffusionBatch(_device, columns, Rows);
        var random = new Philox(1);
        _batch.Numbers.CopyFrom([.. Enumerable.Range(0, Rows * columns.Numeric).Select(i => random.Normal((uint)i, 0))]);
        _batch.Levels.CopyFrom([.. Enumerable.Range(0, Rows * columns.Categorical)
            .Select(i => random.Below(columns.Levels[i % columns.Categorical], (uint)i, 1))]);
        _batch.Labels.CopyFrom([.. Enumerable.Range(0, Rows).Select(row => row % 2)]);
        _batch.Times.CopyFrom([.. Enumerable.Range(0, Rows).Select(row => row % Steps)]);
        _batch.Ids.CopyFrom([.. Enumerable.Range(0, Rows)]);
    }

    [Benchmark]
    public double Train() => _trainer.Step(_batch, new Philox(2), _step++, learningRate: 1e-5f).Total;

    [Benchmark]
    public void Sample()
    {
        _sampler.Sample(_batch, new Philox(3));

        // Sampling leaves the time of its last step.
        _batch.Times.CopyFrom([.. Enumerable.Range(0, Rows).Select(row => row % Steps)]);
    }

    [GlobalCleanup]
    public void Close()
    {
        _batch.Dispose();
        _sampler.Dispose();
        _trainer.Dispose();
        _tables.Dispose();
        _denoiser.Dispose();
        _device.Dispose();
    }
}
