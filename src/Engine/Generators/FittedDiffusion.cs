using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A trained <see cref="DiffusionGenerator"/>: weights on the host, and the way from cells of noise to a table.</summary>
/// <remarks>Row i of a class is a function of the seed, the class and i: it does not depend on how many rows are asked for.</remarks>
public sealed class FittedDiffusion : IFittedGenerator
{
    // As many as keep a step's activations in the second-level cache and give several threads work.
    const int RowsPerBatch = 1_024;

    readonly ComputeDevice _device;
    readonly DiffusionEncoding _encoding;
    readonly DenoiserConfig _config;
    readonly DiffusionOptions _options;
    readonly float[] _weights;

    internal FittedDiffusion(
        ComputeDevice device, DiffusionEncoding encoding, DenoiserConfig config, DiffusionOptions options, float[] weights, int steps,
        double validationLoss, bool keptAverage)
    {
        (_device, _encoding, _config, _options, _weights) = (device, encoding, config, options, weights);
        (Steps, ValidationLoss, KeptAverage) = (steps, validationLoss, keptAverage);
    }

    /// <summary>Training steps that were taken.</summary>
    public int Steps { get; }

    /// <summary>The loss on the rows that were held out from training; not a number where none were.</summary>
    public double ValidationLoss { get; }

    /// <summary>Whether the weights are a running average of those that training passed through.</summary>
    public bool KeptAverage { get; }

    /// <inheritdoc/>
    public Table Sample(
        IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rowsOfClass);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rowsOfClass.Count, _config.Labels);
        int[] labels = [.. rowsOfClass.SelectMany((count, label) => Enumerable.Repeat(label, count))];
        int[] ids = [.. rowsOfClass.SelectMany(count => Enumerable.Range(0, count))];
        var columns = _encoding.Columns;
        var numbers = new float[labels.Length * columns.Numeric];
        var levels = new int[labels.Length * columns.Categorical];
        var random = new Philox(seed).Branch(0x73616D70); // "samp"
        if (columns.Width > 0 && labels.Length > 0)
        {
            Draw(labels, ids, numbers, levels, random, progress, cancellation);
        }

        progress?.Report(1);
        return _encoding.Decode(numbers, levels, labels, ids, random.Branch(0x72617265)); // "rare"
    }

    void Draw(
        int[] labels, int[] ids, float[] numbers, int[] levels, Philox random, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        var columns = _encoding.Columns;
        var schedule = DiffusionSchedule.Cosine(_config.Steps);
        schedule = schedule.Respaced(_options.SamplingSteps ?? schedule.Steps);
        using var denoiser = new Denoiser(_device, _config);
        denoiser.Parameters.Weights.CopyFrom(_weights);
        using var tables = new DiffusionTables(_device, columns, schedule, _options.Compatible);
        using var sampler = new DiffusionSampler(denoiser, tables, _encoding.Low, _encoding.High);
        for (int first = 0; first < labels.Length; first += RowsPerBatch)
        {
            int count = Math.Min(RowsPerBatch, labels.Length - first);
            using var batch = new DiffusionBatch(_device, columns, count);
            batch.Labels.CopyFrom(labels.AsSpan(first, count));
            batch.Groups.CopyFrom(labels.AsSpan(first, count));
            batch.Ids.CopyFrom(ids.AsSpan(first, count));
            sampler.Sample(batch, random, cancellation);
            batch.Numbers.ToArray().CopyTo(numbers, first * columns.Numeric);
            batch.Levels.ToArray().CopyTo(levels, first * columns.Categorical);
            progress?.Report((double)(first + count) / labels.Length);
        }
    }
}
