namespace CausalMixFT.Kernels.Transformer;

/// <summary>The sizes and rules of a <see cref="TabularTransformer"/>; the defaults are nanoTabPFN's, with ten classes.</summary>
public sealed record TransformerConfig
{
    /// <summary>Elements of a token.</summary>
    public int Width { get; init; } = 96;

    /// <summary>Attention heads; they divide the width.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Hidden elements of each layer's perceptron and of the decoder.</summary>
    public int Hidden { get; init; } = 192;

    /// <summary>Layers: each attends over columns, then over rows, then transforms every token.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Logits: the most classes a table can have.</summary>
    public int Classes { get; init; } = 10;

    /// <summary>
    /// Whether a column that is constant in the context is 0 everywhere. nanoTabPFN divides by 1e-20 instead, which turns
    /// any other value into ±100; set this to false for its weights.
    /// </summary>
    public bool ZeroConstantColumns { get; init; } = true;

    internal void Validate()
    {
        if (Width < 1 || Heads < 1 || Hidden < 1 || Layers < 1 || Classes < 2 || Width % Heads != 0)
        {
            throw new ArgumentException(
                $"{this}: sizes must be positive, classes at least 2, and the heads must divide the width.");
        }
    }
}
