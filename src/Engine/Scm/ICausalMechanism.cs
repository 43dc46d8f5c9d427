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
/// The values f took on the rows of the fit; the sampler holds f there, for a fit says nothing beyond.
/// </summary>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public sealed record FittedRange(double Min, double Max);

/// <summary>X := f(parents) + N on the standardised scale, then held in the node's <see cref="ValueRange"/>.</summary>
/// <param name="Predictor">f.</param>
/// <param name="Fitted">The range of f.</param>
/// <param name="Residuals">N is one of these out-of-fold residuals, ascending.</param>
public sealed record AdditiveNoiseModel(Predictor Predictor, FittedRange Fitted, double[] Residuals) : ICausalMechanism
{
    /// <inheritdoc/>
    public string Name => "additive";
}

/// <summary>
/// X := g(f(parents) + N), with g non-decreasing and chosen so that the marginal is the observed one.
/// </summary>
/// <remarks>Zhang and Hyvärinen (2009). f + N lives on the scale of normal scores of X's ranks.</remarks>
/// <param name="Predictor">f.</param>
/// <param name="Fitted">The range of f.</param>
/// <param name="Residuals">N is one of these out-of-fold residuals, ascending.</param>
/// <param name="Thresholds">
/// For a <see cref="ValueList"/>: g picks value i where i thresholds are at most f + N. Else null.
/// </param>
/// <param name="Link">For a <see cref="ValueRange"/>: g, onto the standardised scale. Else null.</param>
public sealed record PostNonlinearModel(
    Predictor Predictor, FittedRange Fitted, double[] Residuals, double[]? Thresholds, Curve? Link) : ICausalMechanism
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
