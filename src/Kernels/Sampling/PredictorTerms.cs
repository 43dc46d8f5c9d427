using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>What a term of a predictor makes of its parents' values.</summary>
public enum Basis
{
    /// <summary>x.</summary>
    Identity,

    /// <summary>x².</summary>
    Square,

    /// <summary>max(0, x − knot).</summary>
    Hinge,

    /// <summary>x · z, of two parents.</summary>
    Product,

    /// <summary>A weight for each category: the parent holds codes 0, 1, 2, …</summary>
    Lookup,

    /// <summary>x times a weight for each category of the second parent: a slope of its own in each.</summary>
    Slope,

    /// <summary>sin x.</summary>
    Sine,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>|x|.</summary>
    Absolute,
}

/// <summary>One term of a predictor: a basis function of one or two parents, with a weight for each output.</summary>
/// <param name="Basis">The function.</param>
/// <param name="Parent">The parent's column in the block.</param>
/// <param name="Second">The other parent's column, of a <see cref="Basis.Product"/> or <see cref="Basis.Slope"/>.</param>
/// <param name="Knot">Where a <see cref="Basis.Hinge"/> bends.</param>
/// <param name="Levels">How many categories a <see cref="Basis.Lookup"/> or <see cref="Basis.Slope"/> has.</param>
/// <param name="Offset">Where its weights start: one for each output; of these two (outputs, levels).</param>
public readonly record struct BasisTerm(Basis Basis, int Parent, int Second, float Knot, int Levels, int Offset);

/// <summary>The terms and weights of one or several predictors, gathered term by term.</summary>
/// <param name="outputs">How many predictors: one, or one for each class.</param>
public sealed class PredictorTerms(int outputs)
{
    readonly List<BasisTerm> _terms = [];
    readonly List<float> _weights = [.. new float[outputs]];

    /// <summary>How many predictors.</summary>
    public int Outputs => outputs;

    /// <summary>The terms, in the order in which they are summed.</summary>
    public IReadOnlyList<BasisTerm> Terms => _terms;

    /// <summary>The weights: first the intercepts, then each term's.</summary>
    public IReadOnlyList<float> Weights => _weights;

    /// <summary>Sets the intercept of each output.</summary>
    public PredictorTerms Intercept(params ReadOnlySpan<float> intercepts)
    {
        for (int k = 0; k < outputs; k++)
        {
            _weights[k] = intercepts[k];
        }

        return this;
    }

    /// <summary>Adds weight · basis(parent) to each output.</summary>
    public PredictorTerms Add(Basis basis, int parent, params ReadOnlySpan<float> weights) =>
        Append(new(basis, parent, parent, 0, 0, _weights.Count), weights, outputs);

    /// <summary>Adds weight · max(0, parent − knot) to each output.</summary>
    public PredictorTerms AddHinge(int parent, float knot, params ReadOnlySpan<float> weights) =>
        Append(new(Basis.Hinge, parent, parent, knot, 0, _weights.Count), weights, outputs);

    /// <summary>Adds weight · parent · second to each output.</summary>
    public PredictorTerms AddProduct(int parent, int second, params ReadOnlySpan<float> weights) =>
        Append(new(Basis.Product, parent, second, 0, 0, _weights.Count), weights, outputs);

    /// <summary>Adds weights[output, code of the parent] to each output.</summary>
    public PredictorTerms AddLookup(int parent, int levels, params ReadOnlySpan<float> weights) =>
        Append(new(Basis.Lookup, parent, parent, 0, levels, _weights.Count), weights, outputs * levels);

    /// <summary>Adds parent · weights[output, code of the second parent] to each output.</summary>
    public PredictorTerms AddSlope(int parent, int second, int levels, params ReadOnlySpan<float> weights) =>
        Append(new(Basis.Slope, parent, second, 0, levels, _weights.Count), weights, outputs * levels);

    /// <summary>Copies terms and weights to a device.</summary>
    public PredictorTable Load(ComputeDevice device) => new(device, this);

    PredictorTerms Append(BasisTerm term, ReadOnlySpan<float> weights, int expected)
    {
        if (weights.Length != expected)
        {
            throw new ArgumentException(
                $"A {term.Basis} term of {outputs} outputs has {expected} weights, not {weights.Length}.");
        }

        _terms.Add(term);
        _weights.AddRange(weights);
        return this;
    }
}

/// <summary>Terms and weights on a device. Whoever loads it disposes it.</summary>
public sealed class PredictorTable : IDisposable
{
    internal PredictorTable(ComputeDevice device, PredictorTerms terms)
    {
        Outputs = terms.Outputs;
        Count = terms.Terms.Count;
        Terms = device.Allocate<BasisTerm>([.. terms.Terms]);
        Weights = device.Allocate<float>([.. terms.Weights]);
    }

    /// <summary>How many predictors.</summary>
    public int Outputs { get; }

    internal int Count { get; }

    internal DeviceArray<BasisTerm> Terms { get; }

    internal DeviceArray<float> Weights { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Terms.Dispose();
        Weights.Dispose();
    }
}
