using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>One learning rate's run: its schedule, where it stands, and the best it has come to.</summary>
/// <param name="learningRate">The largest learning rate.</param>
/// <param name="options">Steps and warm-up.</param>
/// <param name="start">The validation of step 0.</param>
/// <param name="patientFrom">Validations up to this step do not try its patience.</param>
sealed class TuningRun(float learningRate, FineTuneOptions options, FineTuneCheck start, int patientFrom = 0)
{
    readonly List<FineTuneCheck> _history = [start];
    double _losses, _bestLoss = start.ValidationLoss;

    /// <summary>The largest learning rate.</summary>
    internal float LearningRate { get; } = learningRate;

    /// <summary>The learning rate of each step.</summary>
    internal LearningRateSchedule Schedule { get; } =
        new(learningRate, options.Steps) { WarmUp = (int)MathF.Round(options.WarmUp * options.Steps) };

    /// <summary>Steps taken.</summary>
    internal int Step { get; private set; }

    /// <summary>Every validation, step 0 first.</summary>
    internal IReadOnlyList<FineTuneCheck> History => _history;

    /// <summary>The smallest validation loss after step 0: what rates are compared by, even if none of them has helped yet.</summary>
    internal double BestTunedLoss { get; private set; } = double.PositiveInfinity;

    /// <summary>The checkpoint with the smallest validation loss; null while that is step 0.</summary>
    internal TabularModel? Best { get; private set; }

    /// <summary>When it was reached.</summary>
    internal int BestStep { get; private set; }

    /// <summary>Whether it is over: all steps are taken, or patience has run out.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>What continues it while another rate has the device; null when it stands there, or has not begun.</summary>
    internal (float[] Weights, TrainingState State)? Paused { get; set; }

    /// <summary>Notes a step's loss; true if a validation is due.</summary>
    internal bool Stepped(double loss)
    {
        _losses += loss;
        Step++;
        return Step % options.ValidateEvery == 0 || Step == options.Steps;
    }

    /// <summary>Notes a validation.</summary>
    /// <param name="check">Its losses; that of training is filled in here.</param>
    /// <param name="copy">Takes a copy of the weights, if they are the best so far.</param>
    internal void Validated(FineTuneCheck check, Func<TabularModel> copy)
    {
        _history.Add(check with { Step = Step, TrainLoss = _losses / (Step - _history[^1].Step) });
        _losses = 0;
        if (check.ValidationLoss < BestTunedLoss) // never where it is NaN
        {
            BestTunedLoss = check.ValidationLoss;
        }

        if (check.ValidationLoss < _bestLoss)
        {
            (Best, BestStep, _bestLoss) = (copy(), Step, check.ValidationLoss);
        }

        int since = Math.Max(BestStep, patientFrom);
        int checksSince = _history.Count(earlier => earlier.Step > since);
        IsOver = Step == options.Steps || checksSince >= options.Patience;
    }
}
