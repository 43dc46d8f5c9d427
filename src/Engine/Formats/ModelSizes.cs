using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>What sizes a file may claim for a model; beyond them it is damaged, and must not be believed.</summary>
static class ModelSizes
{
    public const int Most = 65_536, MostLayers = 1024;

    // Offsets in the block of all weights are 32-bit.
    const long MostWeights = 1_000_000_000;

    /// <exception cref="InputException">A size is out of range, or the heads do not divide the width.</exception>
    public static void Check(string path, TransformerConfig config)
    {
        Range("width", config.Width, 1, Most);
        Range("heads", config.Heads, 1, Most);
        Range("hidden", config.Hidden, 1, Most);
        Range("layers", config.Layers, 1, MostLayers);
        Range("classes", config.Classes, 2, Most);
        Range("thinking_rows", config.ThinkingRows, 0, Most);
        Range("group_size", config.GroupSize, 1, Most / 2);
        Range("encoder_hidden", config.EncoderHidden, 0, Most);
        Range("column_embedding", config.ColumnEmbedding, 0, Most);
        if (config.Width % config.Heads != 0)
        {
            throw new InputException($"{path}: {config.Heads} heads do not divide the width {config.Width}; the file is damaged.");
        }

        if (config.Attention == AttentionKind.Linear && config.MultiQuery)
        {
            throw new InputException($"{path}: linear attention has no multi-query form; the file is damaged.");
        }

        long weights = config.Layers * (8L * config.Width * config.Width + 2L * config.Width * config.Hidden)
            + (long)config.Classes * config.Hidden + (long)config.Width * config.Hidden + (long)config.Width * config.ThinkingRows
            + (long)(config.Width + config.CellInputs) * Math.Max(1, config.EncoderHidden) + (long)config.Width * config.ColumnEmbedding;
        if (weights > MostWeights)
        {
            throw new InputException($"{path}: a model of these sizes has {weights} weights, and {MostWeights} are the most that can be read.");
        }

        void Range(string what, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                throw new InputException($"{path}: {what} is {value}, but a number from {least} to {most} was expected; the file is damaged.");
            }
        }
    }
}
