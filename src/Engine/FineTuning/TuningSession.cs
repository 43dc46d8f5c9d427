using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>A model on a device, its trainer, and the rows: advances one run or another, each as if it were alone.</summary>
sealed class TuningSession : IDisposable
{
    // Two members see both views; four would double the cost of a validation and change its order little.
    const int ValidationMembers = 2;

    readonly FineTuneOptions _options;
    readonly FineTuneData _data;
    readonly TabularModel _start;
    readonly string _origin;
    readonly TabularTransformer _transformer;
    readonly TransformerTrainer _trainer;
    readonly InContextClassifier _validator;
    readonly EncodedRows _pool, _validation;
    readonly Philox _random;
    readonly EpisodeSampler _episodes;
    TuningRun? _present;
    (float[] Weights, TrainingState State)? _beginning;

    internal TuningSession(ComputeDevice device, FineTuneOptions options, TabularModel start, FineTuneData data, string origin)
    {
        (_options, _data, _start, _origin) = (options, data, start, origin);
        _transformer = start.Load(device);
        _trainer = new(_transformer, new AdamWOptions { WeightDecay = options.WeightDecay, ClipNorm = options.ClipNorm });
        _validator = new(
            _transformer,
            new PredictionOptions { MaxContext = 2 * options.ContextRows, Members = ValidationMembers, Seed = options.Seed },
            start.Traits.Temperature);
        _validation = data.Validation.Select(StratifiedSplit.Subset(
            data.Validation.Labels, [.. Enumerable.Range(0, data.Validation.Rows)], options.ValidationRows, options.Seed));
        _pool = data.Synthetic is null ? data.Train : data.Train.Concat(data.Synthetic);
        _random = new Philox(options.Seed).Branch(0x66696E65); // "fine" in ASCII
        _episodes = new(_pool.Labels, _random);
    }

    /// <summary>The loss of the validation rows with the weights as they are.</summary>
    internal FineTuneCheck Check()
    {
        var probabilities = _validator.Probabilities(_data.Train, _validation, _data.Classes);
        double loss = 0;
        for (int row = 0; row < _validation.Rows; row++)
        {
            loss -= Math.Log(Math.Max(probabilities[row * _data.Classes + _validation.Labels[row]], 1e-7));
        }

        return new(0, double.NaN, loss / _validation.Rows);
    }

    /// <summary>Follows a run up to a step, unless it is over before.</summary>
    internal void Advance(TuningRun run, int step, Action stepped)
    {
        if (run.IsOver)
        {
            return;
        }

        TurnTo(run);
        while (!run.IsOver && run.Step < step)
        {
            bool due = run.Stepped(Step(run));
            stepped();
            if (due)
            {
                run.Validated(Check(), () => TabularModel.From(_transformer, _origin, _start.Traits));
            }
        }
    }

    // Puts a run's weights and moments on the device, and keeps those of the one that was there.
    void TurnTo(TuningRun run)
    {
        if (_present == run)
        {
            return;
        }

        if (_present is not null)
        {
            _present.Paused = State();
            var (weights, state) = run.Paused ?? _beginning!.Value;
            _transformer.Parameters.Weights.CopyFrom(weights);
            _trainer.Restore(state);
            run.Paused = null;
        }
        else if (_options.LearningRate is null)
        {
            _beginning = State();
        }

        _present = run;
    }

    (float[], TrainingState) State() => (_transformer.Parameters.Weights.ToArray(), _trainer.State());

    double Step(TuningRun run)
    {
        int step = run.Step;
        var (context, query) = _episodes.Draw((uint)step, _options.ContextRows, _options.QueryRows);
        var view = _random.Below(2, (uint)step, stream: uint.MaxValue) == 0 ? EncoderView.Raw : EncoderView.Rank;
        var member = new Member(view, _random.Below(_data.Classes, (uint)step, stream: uint.MaxValue - 1), _data.Classes);
        var asked = _pool.Select(query);
        return _trainer.Step(
            member.Episode(_pool.Select(context), asked), Array.ConvertAll(asked.Labels, member.Shown), [_data.Classes],
            run.Schedule.At(step));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _validator.Dispose();
        _trainer.Dispose();
        _transformer.Dispose();
    }
}
