using CausalMixFT.Engine.Models;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>One validation during fine-tuning.</summary>
/// <param name="Step">Optimiser steps taken.</param>
/// <param name="TrainLoss">Mean cross-entropy (nats) of the episodes since the last validation; NaN at step 0.</param>
/// <param name="ValidationLoss">Mean cross-entropy (nats) of the validation rows.</param>
public sealed record FineTuneCheck(int Step, double TrainLoss, double ValidationLoss)
{
    /// <summary>
    /// ROC-AUC of the validation rows: of the class that is rarest in training, or with more than two the mean over classes; NaN where a
    /// class is missing.
    /// </summary>
    public double ValidationAuc { get; init; } = double.NaN;

    /// <summary>Mean cross-entropy (nats) of the watched rows, which choose nothing; NaN if there are none.</summary>
    public double WatchedLoss { get; init; } = double.NaN;

    /// <summary>ROC-AUC of the watched rows; NaN if there are none.</summary>
    public double WatchedAuc { get; init; } = double.NaN;
}

/// <summary>What came of one learning rate.</summary>
/// <param name="LearningRate">The largest learning rate of its schedule.</param>
/// <param name="History">Its validations, as far as it was followed.</param>
public sealed record RateTrial(float LearningRate, IReadOnlyList<FineTuneCheck> History);

/// <summary>The best checkpoint of a fine-tuning run; step 0, the model it started from, is one of the candidates.</summary>
/// <param name="Model">The weights with the smallest validation loss.</param>
/// <param name="BestStep">When they were reached; 0 if no step helped.</param>
/// <param name="History">Every validation of the learning rate that was followed to the end.</param>
/// <param name="Seconds">Time it took, that of the other rates among it.</param>
public sealed record FineTuneResult(TabularModel Model, int BestStep, IReadOnlyList<FineTuneCheck> History, double Seconds)
{
    /// <summary>The learning rate that was followed to the end.</summary>
    public float LearningRate { get; init; }

    /// <summary>How large its steps were.</summary>
    public StepPlan? Plan { get; init; }

    /// <summary>Every learning rate that was tried, that one among them, in the order of the options.</summary>
    public IReadOnlyList<RateTrial> Trials { get; init; } = [];
}
