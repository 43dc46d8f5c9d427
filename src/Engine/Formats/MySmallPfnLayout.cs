using System.Text.Json;
using System.Text.Json.Nodes;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>My-Small-PFN (github.com/MiquelNasarre/My-Small-PFN): a bare state_dict, and my_PFN_config.json beside it.</summary>
/// <remarks>A regression of standardised labels into buckets that are equally likely under N(0, 1).</remarks>
sealed class MySmallPfnLayout : ModelLayout
{
    const string ConfigName = "my_PFN_config.json";

    // Of a layer, and outside the layers.
    static readonly (string Own, string Theirs)[] InLayer =
    [
        ("self_attention_between_features.in_proj_", "feature_attn.linear_qkv."), ("self_attention_between_features.out_proj.", "feature_attn.linear_out."),
        ("self_attention_between_datapoints.in_proj_", "row_attn.linear_qkv."), ("self_attention_between_datapoints.out_proj.", "row_attn.linear_out."),
        ("linear1.", "feed_forward.mlp.0."), ("linear2.", "feed_forward.mlp.2."),
        ("norm1.", "layer_norm_fa."), ("norm2.", "layer_norm_ra."), ("norm3.", "layer_norm_ff."),
    ];

    static readonly (string Own, string Theirs)[] Outside =
    [
        ("feature_encoder.linear1.", "encoder_x.mlp.0."), ("feature_encoder.linear2.", "encoder_x.mlp.2."),
        ("target_encoder.linear1.", "encoder_y.mlp.0."), ("target_encoder.linear2.", "encoder_y.mlp.2."),
        ("thinking_rows", "add_thinking_tokens.row_token_values"),
        ("decoder.linear1.", "decoder.mlp.0."), ("decoder.linear2.", "decoder.mlp.2."),
    ];

    static readonly LayoutNames Names = new("transformer.layers.", InLayer, Outside);

    public override string Name => "My-Small-PFN";

    public override bool Recognises(Checkpoint file) =>
        file.Tensors.ContainsKey("transformer.layers.0.feature_attn.linear_qkv.weight") && file.Tensors.ContainsKey("encoder_x.mlp.0.weight");

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        var source = new WeightSource(file);
        var settings = file.Beside(ConfigName);
        var config = new TransformerConfig
        {
            Width = source.Size("encoder_x.mlp.2.weight", 0),
            Heads = heads ?? WeightSource.Number(settings, "n_heads") ?? throw new InputException(
                $"{file.Path}: the number of attention heads is not in the file but in {ConfigName}; put that beside it."),
            Hidden = source.Size("transformer.layers.0.feed_forward.mlp.0.weight", 0),
            Layers = source.Layers("transformer.layers.", ".feed_forward.mlp.0.weight"),
            Classes = source.Size("decoder.mlp.2.weight", 0),
            GroupSize = source.Size("encoder_x.mlp.0.weight", 1),
            Cells = CellEncoding.Raw,
            EncoderHidden = source.Size("encoder_x.mlp.0.weight", 0),
            Labels = LabelEncoding.Flagged,
            ThinkingRows = source.Has("add_thinking_tokens.row_token_values") ? source.Size("add_thinking_tokens.row_token_values", 0) : 0,
        };
        var traits = new ModelTraits { Task = ModelTask.Regression, Temperature = Temperature(file, settings) };
        return new(config, source.All(config, info => source.Take(Names.Theirs(info.Name), info.Shape)), $"My-Small-PFN, {file.Path}", traits);
    }

    static double Temperature(Checkpoint file, JsonObject? settings)
    {
        if (settings?["temperature"] is not JsonValue value)
        {
            return 1;
        }

        return value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out double temperature) && temperature > 0 ? temperature
            : throw new InputException($"{file.Path}: temperature in {ConfigName} should be a positive number; mend it.");
    }
}
