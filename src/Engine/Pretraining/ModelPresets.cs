using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Models that can be trained by name.</summary>
public static class ModelPresets
{
    static readonly Dictionary<string, TransformerConfig> Presets = new(StringComparer.Ordinal)
    {
        ["nano"] = new(),

        // The family's rules at a size that two cores can train: TabPFN v2's groups and indicators, v2.5's thinking rows, norms
        // before the sub-layers, which take a larger learning rate, and a number for each class, which needs no learning to
        // tell them apart.
        ["base"] = new()
        {
            Width = 128,
            Heads = 4,
            Hidden = 256,
            Layers = 6,
            Norm = NormKind.RmsNorm,
            NormBefore = true,
            Biases = false,
            ThinkingRows = 8,
            GroupSize = 2,
            Cells = CellEncoding.Indicated,
            Labels = LabelEncoding.OneHot,
            ColumnEmbedding = 32,
        },
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => Presets.Keys;

    /// <summary>The model of that name, or null.</summary>
    public static TransformerConfig? Named(string name) => Presets.GetValueOrDefault(name);
}
