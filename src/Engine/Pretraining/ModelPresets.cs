using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Models that can be trained by name.</summary>
public static class ModelPresets
{
    static readonly Dictionary<string, TransformerConfig> Presets = new(StringComparer.Ordinal)
    {
        ["nano"] = new(),

        // TabPFN v2's rules at a size that two cores can train.
        ["base"] = new()
        {
            Width = 128,
            Heads = 4,
            Hidden = 256,
            Layers = 6,
            AffineNorm = false,
            Biases = false,
            MultiQuery = true,
            GroupSize = 2,
            Cells = CellEncoding.Indicated,
            EncoderBias = false,
            Labels = LabelEncoding.Indicated,
            DensifyLabels = true,
            ColumnEmbedding = 32,
        },
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => Presets.Keys;

    /// <summary>The model of that name, or null.</summary>
    public static TransformerConfig? Named(string name) => Presets.GetValueOrDefault(name);
}
