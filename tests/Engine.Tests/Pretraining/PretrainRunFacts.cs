using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Pretraining;

public sealed class PretrainRunFacts : IDisposable
{
    static readonly PretrainOptions Brief = new()
    {
        Model = new TransformerConfig { Width = 16, Heads = 2, Hidden = 16, Layers = 1 },
        Steps = 4,
        TokensPerStep = 500,
        CheckEvery = 2,
    };

    static CancellationToken Token => TestContext.Current.CancellationToken;

    readonly string _folder = Directory.CreateTempSubdirectory("pretrain-").FullName;

    [Fact]
    public void A_run_that_was_stopped_ends_with_the_same_weights()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var whole = PretrainRun.Run(device, Brief, Path.Combine(_folder, "whole"), cancellation: Token);

        using var stop = new CancellationTokenSource();
        string stopped = Path.Combine(_folder, "stopped");
        Assert.ThrowsAny<OperationCanceledException>(() =>
            PretrainRun.Run(device, Brief, stopped, check => stop.Cancel(), cancellation: stop.Token));
        var resumed = PretrainRun.Run(device, Brief, stopped, cancellation: Token);

        Assert.All(whole.Weights, pair => Assert.Equal(pair.Value, resumed.Weights[pair.Key]));
        Assert.Equal(2, File.ReadAllLines(Path.Combine(stopped, "training-log.jsonl")).Length);
        Assert.True(File.Exists(Path.Combine(stopped, "model.safetensors")));
    }

    [Fact]
    public void A_run_goes_on_for_longer_as_if_it_had_been_asked_to_from_the_start()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var longer = Brief with { WarmUp = 1, Steps = 6 };
        var whole = PretrainRun.Run(device, longer, Path.Combine(_folder, "whole"), cancellation: Token);

        using var stop = new CancellationTokenSource();
        string extended = Path.Combine(_folder, "extended");
        Assert.ThrowsAny<OperationCanceledException>(() =>
            PretrainRun.Run(device, longer with { Steps = 4 }, extended, check => stop.Cancel(), cancellation: stop.Token));
        var resumed = PretrainRun.Run(device, longer, extended, cancellation: Token);

        Assert.All(whole.Weights, pair => Assert.Equal(pair.Value, resumed.Weights[pair.Key]));
    }

    [Fact]
    public void A_run_whose_learning_rate_has_fallen_does_not_go_on_for_longer()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var options = Brief with { WarmUp = 1, Steps = 10 };
        PretrainRun.Run(device, options, _folder, cancellation: Token);
        var e = Assert.Throws<InputException>(() => PretrainRun.Run(device, options with { Steps = 20 }, _folder, cancellation: Token));
        Assert.Contains("at step 10 of a run of 10 steps", e.Message, StringComparison.Ordinal);
        Assert.Contains("give --steps 10", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_carries_the_score_on_real_tables_where_there_is_one()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        int calls = 0;
        var told = new List<double?>();
        PretrainRun.Run(
            device, Brief, _folder, check => told.Add(check.RealAuc), model => calls++ == 0 ? 0.75 : double.NaN, cancellation: Token);
        string[] lines = File.ReadAllLines(Path.Combine(_folder, "training-log.jsonl"));
        Assert.Contains("\"realAuc\":0.75", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("realAuc", lines[1], StringComparison.Ordinal);
        Assert.Equal([0.75, null], told);
    }

    [Fact]
    public void A_checkpoint_of_other_options_is_refused()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        PretrainRun.Run(device, Brief, _folder, cancellation: Token);
        var e = Assert.Throws<InputException>(() => PretrainRun.Run(device, Brief with { Seed = 9 }, _folder, cancellation: Token));
        Assert.Contains("checkpoint.safetensors", e.Message, StringComparison.Ordinal);
        Assert.Contains("empty --out folder", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weights")]
    [InlineData("optimizer.mean")]
    [InlineData("average.snapshot-0")]
    public void A_checkpoint_with_a_short_block_is_named(string block)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var options = Brief with { SnapshotEvery = 1 };
        PretrainRun.Run(device, options, _folder, cancellation: Token);
        string path = Path.Combine(_folder, "checkpoint.safetensors");
        KeyValuePair<string, SafeTensor>[] tensors;
        Dictionary<string, string> metadata;
        using (var file = SafeTensors.Read(path))
        {
            metadata = new(file.Metadata);
            tensors = [.. file.Tensors.Select(entry => KeyValuePair.Create(
                entry.Key, SafeTensor.Of(entry.Key == block ? [1f] : entry.Value.ToFloats(), entry.Key == block ? 1 : entry.Value.Shape[0])))];
        }

        SafeTensors.Write(path, tensors, metadata);
        var e = Assert.Throws<InputException>(() => PretrainRun.Run(device, options, _folder, cancellation: Token));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        Assert.Contains("start anew", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    public void A_damaged_log_is_named_with_its_line(string line)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        PretrainRun.Run(device, Brief, _folder, cancellation: Token);
        File.WriteAllText(Path.Combine(_folder, "training-log.jsonl"), line + "\n");
        var e = Assert.Throws<TableFormatException>(() => PretrainRun.Run(device, Brief, _folder, cancellation: Token));
        Assert.Contains("training-log.jsonl, line 1", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
