using System.Diagnostics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Generators;

/// <summary>Trains a denoiser on encoded rows and chooses its weights.</summary>
/// <remarks>
/// Ten times during training the last weights and their running average are measured on rows held out, with the same noise each time,
/// and the best are kept: the average follows slowly in a short run, and the last weights waver at a high learning rate.
/// Fewer than <see cref="FewestForValidation"/> rows are all trained on, and the average at the end is kept.
/// </remarks>
sealed class DiffusionTraining : IDisposable
{
    /// <summary>With fewer rows none is held out.</summary>
    internal const int FewestForValidation = 100;

    const int Checks = 10, MostValidation = 2_000, ValidationDraws = 2_048;

    // min(0.999, (1 + s) / (10 + s)), as TensorFlow warms its averages up.
    const double Decay = 0.999, WarmUp = 9;

    readonly DiffusionOptions _options;
    readonly DiffusionEncoding _encoding;
    readonly int[] _labels, _train, _validation;
    readonly Philox _random;
    readonly Denoiser _denoiser;
    readonly DiffusionTables _tables;
    readonly DiffusionTrainer _trainer;
    readonly ExponentialAverage _average;
    readonly DiffusionBatch _batch;
    readonly DiffusionBatch? _held;
    float[]? _best;

    internal DiffusionTraining(
        ComputeDevice device, DenoiserConfig config, DiffusionEncoding encoding, int[] labels, DiffusionOptions options, ulong seed)
    {
        (_options, _encoding, _labels) = (options, encoding, labels);
        _random = new Philox(seed).Branch(0x64696666); // "diff"
        int[] order = Shuffled([.. Enumerable.Range(0, labels.Length)], _random.Branch(0x73706C69), 0); // "spli"
        int held = options.Compatible || labels.Length < FewestForValidation
            ? 0
            : Math.Min((int)(options.ValidationShare * labels.Length), MostValidation);
        (_validation, _train) = (order[..held], order[held..]);
        _denoiser = new Denoiser(device, config);
        _denoiser.Initialize(_random.Word(0, 0));
        _tables = new DiffusionTables(device, encoding.Columns, DiffusionSchedule.Cosine(config.Steps), options.Compatible);
        _trainer = new DiffusionTrainer(_denoiser, _tables, new AdamWOptions { ClipNorm = null });
        _average = new ExponentialAverage(device, _denoiser.Parameters, Decay, WarmUp);
        _batch = new DiffusionBatch(device, encoding.Columns, options.BatchSize);
        _batch.Ids.CopyFrom([.. Enumerable.Range(0, options.BatchSize)]);
        if (held > 0)
        {
            _held = new DiffusionBatch(device, encoding.Columns, ValidationDraws);
            _held.Ids.CopyFrom([.. Enumerable.Range(0, ValidationDraws)]);
            Lay(_held, [.. Enumerable.Range(0, ValidationDraws).Select(i => _validation[i % held])], step: -1);
        }
    }

    /// <summary>The smallest loss on the rows held out; not a number where there are none.</summary>
    internal double ValidationLoss { get; private set; } = double.NaN;

    /// <summary>Whether the weights that were kept are an average.</summary>
    internal bool KeptAverage { get; private set; }

    /// <summary>Steps taken.</summary>
    internal int Steps { get; private set; }

    /// <summary>Takes the steps and returns the weights that were kept.</summary>
    internal float[] Run(IProgress<double>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var noise = _random.Branch(0x6E6F6973); // "nois"
        var schedule = new LearningRateSchedule(_options.LearningRate, _options.Steps) { Shape = LearningRateShape.Linear };
        var rows = Epochs().GetEnumerator();
        for (int step = 0, check = 1; step < _options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            double spent = _options.TimeBudget is { } budget ? clock.Elapsed / budget : 0;
            if (spent >= 1)
            {
                break;
            }

            // Where time runs out before the steps do, the learning rate falls with the time.
            int place = Math.Max(step, (int)(spent * _options.Steps));
            Lay(_batch, NextRows(rows), step);
            _trainer.Step(_batch, noise, step, schedule.At(place));
            _average.Observe();
            Steps = step + 1;
            if ((place + 1) * Checks >= check * _options.Steps)
            {
                check = (place + 1) * Checks / _options.Steps + 1;
                Check();
                progress?.Report((place + 1.0) / _options.Steps);
            }
        }

        return _best ?? Last();
    }

    // Whichever of the weights and their average is best so far on the rows held out.
    void Check()
    {
        if (_held is null)
        {
            return;
        }

        Compare(average: false);
        _average.ShowResult();
        Compare(average: true);
        _average.HideResult();
    }

    void Compare(bool average)
    {
        double loss = _trainer.Loss(_held!, _random.Branch(0x68656C64), 0).Total; // "held"
        if (!(loss >= ValidationLoss))
        {
            (ValidationLoss, KeptAverage) = (loss, average);
            _best = _denoiser.Parameters.Weights.ToArray();
        }
    }

    float[] Last()
    {
        KeptAverage = !_options.Compatible && Steps > 0;
        if (KeptAverage)
        {
            _average.ShowResult();
        }

        return _denoiser.Parameters.Weights.ToArray();
    }

    int[] NextRows(IEnumerator<int> rows)
    {
        var chosen = new int[_options.BatchSize];
        for (int i = 0; i < chosen.Length; i++)
        {
            rows.MoveNext();
            chosen[i] = rows.Current;
        }

        return chosen;
    }

    // Every row once, in a new order each time.
    IEnumerable<int> Epochs()
    {
        var random = _random.Branch(0x65706F63); // "epoc"
        for (uint epoch = 0; ; epoch++)
        {
            foreach (int row in Shuffled(_train, random, epoch))
            {
                yield return row;
            }
        }
    }

    static int[] Shuffled(int[] rows, Philox random, uint stream)
    {
        int[] order = [.. rows];
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, stream);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    void Lay(DiffusionBatch batch, int[] rows, int step)
    {
        int numeric = _encoding.Columns.Numeric, categorical = _encoding.Columns.Categorical;
        var numbers = new float[rows.Length * numeric];
        var levels = new int[rows.Length * categorical];
        for (int i = 0; i < rows.Length; i++)
        {
            _encoding.Numbers.AsSpan(rows[i] * numeric, numeric).CopyTo(numbers.AsSpan(i * numeric));
            _encoding.Levels.AsSpan(rows[i] * categorical, categorical).CopyTo(levels.AsSpan(i * categorical));
        }

        batch.Numbers.CopyFrom(numbers);
        batch.Levels.CopyFrom(levels);
        batch.Labels.CopyFrom(Array.ConvertAll(rows, row => _labels[row]));
        batch.Times.CopyFrom(Times(rows.Length, step));
    }

    // Uniform on 0 … T − 1. Spread evenly over a batch, each from its own slice of the range, the loss varies less between steps.
    int[] Times(int count, int step)
    {
        var random = _random.Branch(0x74696D65); // "time"
        return [.. Enumerable.Range(0, count).Select(i => _options.Compatible
            ? random.Below(_options.NoiseSteps, (uint)i, (uint)step)
            : Math.Min((int)((i + random.Uniform((uint)i, (uint)step)) / count * _options.NoiseSteps), _options.NoiseSteps - 1))];
    }

    public void Dispose()
    {
        _batch.Dispose();
        _held?.Dispose();
        _average.Dispose();
        _trainer.Dispose();
        _tables.Dispose();
        _denoiser.Dispose();
    }
}
