using CausalMixFT.Engine.Evaluation;
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
    readonly StepPlan _plan;
    readonly FineTuneData _data;
    readonly TabularModel _start;
    readonly string _origin;
    readonly TabularTransformer _transformer;
    readonly TransformerTrainer _trainer;
    readonly InContextClassifier _validator;
    readonly ShownRows _checked;
    readonly int _validationRows;
    readonly double[] _prior;
    readonly EpisodePool _first, _second;
    TuningRun? _present;
    (float[] Weights, TrainingState State)? _beginning;

    internal TuningSession(
        ComputeDevice device, FineTuneOptions options, StepPlan plan, TabularModel start, FineTuneData data, string origin)
    {
        (_options, _plan, _data, _start, _origin) = (options, plan, data, start, origin);
        _transformer = start.Load(device);
        _transformer.Recompute = plan.Recompute;
        _trainer = new(_transformer, new AdamWOptions { WeightDecay = options.WeightDecay, ClipNorm = options.ClipNorm });
        var showing = new PredictionOptions { MaxContext = 2 * plan.ContextRows, Seed = options.Seed };
        _validator = Classifier(showing with { Members = ValidationMembers, TabPfnMembers = ValidationMembers });
        var validation = Some(data.Validation);
        _validationRows = validation.Rows;
        _checked = data.Watched is null ? validation : validation.Concat(Some(data.Watched));
        _prior = DecisionRule.PriorOf(data.Train.Labels, data.Classes);
        (_first, _second) = Pools(showing);
    }

    /// <summary>Patience counts validations after this step: a stage on synthetic rows is followed to its end.</summary>
    internal int PatientFrom => _first == _second ? 0 : HalfWay;

    int HalfWay => _options.Steps / 2;

    /// <summary>The scores of the validation rows, and of the watched ones, with the weights as they are.</summary>
    /// <remarks>No query row sees another, so that one look at the context serves both.</remarks>
    internal FineTuneCheck Check()
    {
        float[] probabilities = _validator.Probabilities(_data.Train, _checked, _data.Classes);
        int validation = _validationRows * _data.Classes;
        var (loss, auc) = Scores(probabilities[..validation], _checked.Labels[.._validationRows]);
        var (watchedLoss, watchedAuc) = Scores(probabilities[validation..], _checked.Labels[_validationRows..]);
        return new(0, double.NaN, loss) { ValidationAuc = auc, WatchedLoss = watchedLoss, WatchedAuc = watchedAuc };
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
        var episode = (run.Step < HalfWay ? _first : _second).Draw(run.Step, _plan, _options.Seed);
        var (batch, rate) = (episode.Table.Batch, run.Schedule.At(run.Step));
        return episode.Targets is null
            ? _trainer.Step(batch, episode.ShownLabels(), [episode.Table.Classes], rate)
            : _trainer.Step(batch, episode.ShownTargets(_transformer.Config.Classes), [episode.Table.Classes], rate);
    }

    // Where the episodes of the first half of the steps come from, and where those of the second.
    (EpisodePool First, EpisodePool Second) Pools(PredictionOptions showing)
    {
        var random = new Philox(_options.Seed).Branch(0x66696E65); // "fine" in ASCII
        if (_data.Synthetic is not { } synthetic)
        {
            var real = Pool(_data.Train, null);
            return (real, real);
        }

        float[]? soft = _options.Labels == SyntheticLabels.Soft ? Teach(synthetic, showing) : null;
        switch (_options.Use)
        {
            case SyntheticUse.Mixed:
                float[]? targets = soft is null ? null : [.. EpisodePool.OneHot(_data.Train, _data.Classes), .. soft];
                var both = Pool(_data.Train.Concat(synthetic), targets);
                return (both, both);
            case SyntheticUse.Staged:
                return (Pool(synthetic, soft), Pool(_data.Train, null));
            case SyntheticUse.Only:
                var alone = Pool(synthetic, soft);
                return (alone, alone);
            default:
                throw new InvalidOperationException($"{_options.Use} is no use of synthetic rows.");
        }

        EpisodePool Pool(ShownRows rows, float[]? targets) => new(rows, targets, _data.Classes, random);
    }

    // What the model says of synthetic rows before it is tuned: by the whole ensemble, for it is asked once.
    float[] Teach(ShownRows synthetic, PredictionOptions showing)
    {
        using var teacher = Classifier(showing);
        return teacher.Probabilities(_data.Train, synthetic, _data.Classes);
    }

    (double Loss, double Auc) Scores(float[] probabilities, int[] labels)
    {
        if (labels.Length == 0)
        {
            return (double.NaN, double.NaN);
        }

        double loss = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            loss -= Math.Log(Math.Max(probabilities[row * _data.Classes + labels[row]], 1e-7));
        }

        var scores = ClassificationScores.Compute(probabilities, labels, _data.Classes, _prior, DecisionRule.Half(_prior));
        return (loss / labels.Length, scores.RocAuc);
    }

    InContextClassifier Classifier(PredictionOptions showing) => new(
        _transformer, showing, _start.Traits.Temperature, _options.MemoryBytes is null ? null : _plan.ContextRows + _plan.QueryRows);

    ShownRows Some(ShownRows rows) => rows.Select(StratifiedSplit.Subset(
        rows.Labels, [.. Enumerable.Range(0, rows.Rows)], _options.ValidationRows, _options.Seed));

    /// <inheritdoc/>
    public void Dispose()
    {
        _validator.Dispose();
        _trainer.Dispose();
        _transformer.Dispose();
    }
}
