namespace CausalMixFT.Engine.Scm;

/// <summary>
/// A node's structural equation X := f(parents, noise): data only, evaluated by the sampler's kernels.
/// </summary>
public interface ICausalMechanism
{
    /// <summary>The mechanism's name in scm.json and in reports.</summary>
    string Name { get; }
}

/// <summary>A root: X is a row of the training column, each as likely as any other.</summary>
/// <param name="Counts">How often each value of the node's <see cref="ValueList"/> was observed.</param>
public sealed record EmpiricalDistribution(int[] Counts) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "empirical";
}

/// <summary>
/// A root whose cells rarely repeat: X := Q(U), the quantile function of the training column, linear between its order
/// statistics, so that a synthetic cell is between two real ones rather than a copy of one.
/// </summary>
/// <param name="Quantiles">Q: from probabilities in [0, 1] onto the standardised scale.</param>
public sealed record SmoothedDistribution(Curve Quantiles) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "smoothed";
}

/// <summary>
/// The values f took on the rows of the fit; the sampler holds f there, for a fit says nothing beyond.
/// </summary>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public sealed record FittedRange(double Min, double Max);

/// <summary>How wide noise is: N is drawn times exp(f(parents)).</summary>
/// <param name="LogScale">f, the natural logarithm of the factor.</param>
/// <param name="Fitted">The range of f.</param>
public sealed record NoiseScale(Predictor LogScale, FittedRange Fitted);

/// <summary>
/// X := f(parents) + s(parents) · N on the standardised scale, then held in the node's <see cref="ValueRange"/>.
/// </summary>
/// <param name="Predictor">f.</param>
/// <param name="Fitted">The range of f.</param>
/// <param name="Residuals">N is one of these out-of-fold residuals, ascending.</param>
/// <param name="Scale">s; null for 1, noise of the same width everywhere.</param>
public sealed record AdditiveNoiseModel(
    Predictor Predictor, FittedRange Fitted, double[] Residuals, NoiseScale? Scale = null) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "additive";
}

/// <summary>
/// X := g(f(parents) + s(parents) · N), with g non-decreasing and chosen so that the marginal is the observed one.
/// </summary>
/// <remarks>
/// Zhang and Hyvärinen (2009). f + s · N lives on the scale of normal scores of X's ranks; with logistic N and
/// thresholds this is the proportional-odds model of ordered values (McCullagh 1980).
/// </remarks>
/// <param name="Predictor">f.</param>
/// <param name="Fitted">The range of f.</param>
/// <param name="Residuals">N is one of these out-of-fold residuals, ascending.</param>
/// <param name="Thresholds">
/// For a <see cref="ValueList"/>: g picks value i where i thresholds are at most f + N. Else null.
/// </param>
/// <param name="Link">For a <see cref="ValueRange"/>: g, onto the standardised scale. Else null.</param>
/// <param name="Scale">s; null for 1.</param>
public sealed record PostNonlinearModel(
    Predictor Predictor,
    FittedRange Fitted,
    double[] Residuals,
    double[]? Thresholds,
    Curve? Link,
    NoiseScale? Scale = null) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "postNonlinear";
}

/// <summary>
/// X := atom with probability logistic(gate(parents)), else the body: a hurdle model for a value that many rows
/// share.
/// </summary>
/// <param name="Atom">The value.</param>
/// <param name="Gate">The log-odds of the atom.</param>
/// <param name="Body">The mechanism of all other rows: additive or post-nonlinear.</param>
public sealed record TwoPartModel(double Atom, Predictor Gate, ICausalMechanism Body) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "twoPart";
}

/// <summary>
/// P(X = value k) = softmax_k(f(parents)): a multinomial logit over the node's <see cref="ValueList"/>.
/// </summary>
/// <param name="Predictor">f, one output for each value.</param>
public sealed record CategoricalMechanism(Predictor Predictor) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "categorical";
}
