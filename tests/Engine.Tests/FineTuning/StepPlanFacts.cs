using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.FineTuning;

/// <summary>Memory that was bounded is not exceeded; what is saved is saved by computing again first, and then by fewer rows.</summary>
public class StepPlanFacts
{
    static readonly TransformerConfig Config = new() { Width = 64, Heads = 2, Hidden = 128, Layers = 5 };

    static readonly FineTuneOptions Options = new() { Seed = 3, Steps = 2, ValidateEvery = 1, LearningRate = 1e-3f };

    static readonly FineTuneData Data = new(Rows(700, 1), null, Rows(200, 2), 2);

    [Fact]
    public void What_a_run_holds_is_within_its_plan_and_the_plan_within_the_bound()
    {
        var (usual, usualBytes) = Tuned(Options);
        Assert.Equal((false, 400, 100), (usual.Plan!.Recompute, usual.Plan.ContextRows, usual.Plan.QueryRows));
        Assert.InRange(usualBytes, usual.Plan.MemoryBytes / 2, usual.Plan.MemoryBytes);

        // One byte too little: the same rows and the same bits, computed again.
        var (again, againBytes) = Tuned(Options with { MemoryBytes = usual.Plan.MemoryBytes - 1 });
        Assert.Equal((true, 400, 100), (again.Plan!.Recompute, again.Plan.ContextRows, again.Plan.QueryRows));
        Assert.InRange(againBytes, again.Plan.MemoryBytes / 2, again.Plan.MemoryBytes);
        Assert.True(again.Plan.MemoryBytes < usual.Plan.MemoryBytes);
        Assert.Equal(usual.History, again.History);
        Assert.All(usual.Model.Weights, pair => Assert.Equal(pair.Value, again.Model.Weights[pair.Key]));

        // Less than that: fewer rows, as many as fit.
        long bound = again.Plan.MemoryBytes * 2 / 3;
        var (small, smallBytes) = Tuned(Options with { MemoryBytes = bound });
        Assert.True(small.Plan!.Recompute);
        Assert.InRange(small.Plan.ContextRows, 4, 399);
        Assert.Equal(small.Plan.ContextRows / 4.0, small.Plan.QueryRows, 1.0);
        Assert.InRange(small.Plan.MemoryBytes, 1, bound);
        Assert.InRange(smallBytes, 1, small.Plan.MemoryBytes);
        var larger = Options with { ContextRows = small.Plan.ContextRows + 1, QueryRows = small.Plan.QueryRows + 1, MemoryBytes = bound };
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        Assert.InRange(StepPlan.Of(device, Config, larger, Data).ContextRows, 4, small.Plan.ContextRows);
    }

    [Fact]
    public void A_bound_that_no_step_fits_in_is_refused_in_a_sentence()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var fault = Assert.Throws<InputException>(() => StepPlan.Of(device, Config, Options with { MemoryBytes = 3 << 20 }, Data));
        Assert.Contains("MiB of memory even with 4 context rows a step, but 3 MiB were allowed", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--memory", fault.Message, StringComparison.Ordinal);
    }

    // The run, and the most bytes that the device held at the end of a step.
    static (FineTuneResult Result, long Bytes) Tuned(FineTuneOptions options)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var transformer = new TabularTransformer(device, Config);
        transformer.Parameters.Initialize(seed: 5);
        var model = TabularModel.From(transformer, "untrained");
        long before = device.LiveBytes;
        var watch = new Watch(device);
        var result = new FineTuner(device, options).Tune(model, Data, "test", watch);
        return (result, watch.Most - before);
    }

    static EncodedRows Rows(int rows, int seed)
    {
        var random = new Random(seed);
        float[] cells = [.. Enumerable.Range(0, 5 * rows).Select(_ => random.NextSingle() * 2 - 1)];
        return new(5, cells, cells, [.. Enumerable.Range(0, rows).Select(row => cells[5 * row] > 0 ? 1 : 0)]);
    }

    sealed class Watch(ComputeDevice device) : IProgress<double>
    {
        public long Most { get; private set; }

        public void Report(double value) => Most = Math.Max(Most, device.LiveBytes);
    }
}
