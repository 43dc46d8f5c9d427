namespace CausalMixFT.Engine.Boosting;

/// <summary>What boosted trees predict, and the loss that they lower.</summary>
public enum BoostingObjective
{
    /// <summary>A number: the score is its mean, the loss half the squared error.</summary>
    SquaredError,

    /// <summary>One of two classes, 0 and 1: the score is the log-odds of 1, the loss is the log-loss.</summary>
    Binary,

    /// <summary>
    /// One of several classes: a score for each, whose softmax is the probability; the loss is the log-loss.
    /// </summary>
    Multiclass,

    /// <summary>A count: the score is the logarithm of its mean; the loss is the deviance, but for a constant.</summary>
    Poisson,
}
