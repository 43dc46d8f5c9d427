using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>TinyPFN (github.com/kek0o/TinyPFN): nanoTabPFN with linear attention, whose query, key and value projections are apart.</summary>
/// <remarks>A torch file of {"model_state_dict", "model_kwargs"}.</remarks>
sealed class TinyPfnLayout : ModelLayout
{
    public override string Name => "TinyPFN";

    public override bool Recognises(Checkpoint file) =>
        file.Tensors.ContainsKey("transformer_blocks.0.self_attention_between_datapoints.q_proj.weight");

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        var source = new WeightSource(file);
        var config = new TransformerConfig
        {
            Width = source.Size("feature_encoder.linear_layer.weight", 0),
            Heads = source.Heads(heads ?? WeightSource.Number(file.Settings("model_kwargs"), "num_attention_heads")),
            Hidden = source.Size("transformer_blocks.0.linear1.weight", 0),
            Layers = source.Layers("transformer_blocks.", ".linear1.weight"),
            Classes = source.Size("decoder.linear2.weight", 0),
            Attention = AttentionKind.Linear,
            ZeroConstantColumns = false,
        };
        return new(config, source.All(config, Take), $"TinyPFN, {file.Path}");

        float[] Take(ParameterInfo info) => StackedProjections.Parts(info.Name) is var (name, kind)
            ? StackedProjections.Take(source, info, part => $"{name}.{"qkv"[part]}_proj.{kind}")
            : source.Take(info.Name, info.Shape);
    }
}
