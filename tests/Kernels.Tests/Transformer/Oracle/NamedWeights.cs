namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>Weights by name, and a gradient beside each; stages add to the gradients.</summary>
sealed class NamedWeights(IReadOnlyDictionary<string, double[]> weights)
{
    public Dictionary<string, double[]> Gradients { get; } = weights.ToDictionary(w => w.Key, w => new double[w.Value.Length]);

    public double[] Weight(string name) => weights[name];

    public double[] Gradient(string name) => Gradients[name];

    public void ClearGradients()
    {
        foreach (var gradient in Gradients.Values)
        {
            Array.Clear(gradient);
        }
    }
}
