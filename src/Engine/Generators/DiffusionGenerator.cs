using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;

namespace CausalMixFT.Engine.Generators;

/// <summary>Learns to turn noise into rows of a class, step by step: TabDDPM, mended.</summary>
/// <remarks>
/// Kotelnikov, Baranchuk, Rubachev, Babenko (ICML 2023). Four things differ from the released code unless
/// <see cref="DiffusionOptions.Compatible"/> is set: the network reads levels as 0 and 1 and not as 0 and −69; a level's posterior is
/// computed in closed form, so that tables of many columns give no NaN; x̂₀ is held within the column's range at each step; and
/// weights or their warmed-up average are chosen by a validation loss. Classes are a condition and not a column, so that
/// a sample has exactly the rows of each class that were asked for. A class of one or two rows is learnt together with the others: its
/// rows look like those of the classes beside it, as far as they tell. A table whose columns are all constant is written as it was.
/// </remarks>
public sealed class DiffusionGenerator : IRowGenerator
{
    const int MostRowsForSmallNetwork = 20_000;

    readonly ComputeDevice _device;
    readonly DiffusionOptions _options;

    /// <summary>A generator that trains and samples on <paramref name="device"/>, which must outlive what it fits.</summary>
    public DiffusionGenerator(ComputeDevice device, DiffusionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.NoiseSteps, 2, nameof(DiffusionOptions.NoiseSteps));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.SamplingSteps ?? 1, 1, nameof(DiffusionOptions.SamplingSteps));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Steps, 1, nameof(DiffusionOptions.Steps));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.BatchSize, 1, nameof(DiffusionOptions.BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxLevels, 2, nameof(DiffusionOptions.MaxLevels));
    }

    /// <inheritdoc/>
    public string Name => "diffusion";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var encoding = new DiffusionEncoding(rows, _options);
        var config = new DenoiserConfig
        {
            Width = encoding.Columns.Width,
            Labels = rows.ClassNames.Count,
            Steps = _options.NoiseSteps,
            Layers = _options.Layers ?? (rows.Rows <= MostRowsForSmallNetwork ? [256, 256] : [512, 512, 512, 512]),
            Embedding = _options.Embedding,
        };
        if (encoding.Columns.Width == 0)
        {
            return new FittedDiffusion(_device, encoding, config, _options, [], 0, double.NaN, keptAverage: false);
        }

        using var training = new DiffusionTraining(_device, config, encoding, rows.Labels, _options, seed);
        float[] weights = training.Run(progress, cancellation);
        return new FittedDiffusion(
            _device, encoding, config, _options, weights, training.Steps, training.ValidationLoss, training.KeptAverage);
    }
}
