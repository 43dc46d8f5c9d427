using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>nanoTabPFN's state_dict, bare or under "model", "state_dict" or "model_state_dict"; its names are this program's own.</summary>
/// <remarks>No shape tells the heads: metadata num_attention_heads does, on its own or in an object of settings.</remarks>
sealed class NanoTabPfnLayout : ModelLayout
{
    const string Heads = "num_attention_heads";

    // Objects of settings that programs which build on nanoTabPFN save beside the weights.
    static readonly string[] Settings = ["model_kwargs", "architecture", "config"];

    public override string Name => "nanoTabPFN";

    public override bool Recognises(Checkpoint file) =>
        file.Tensors.ContainsKey("feature_encoder.linear_layer.weight")
        && file.Tensors.ContainsKey("transformer_blocks.0.self_attention_between_datapoints.in_proj_weight");

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        var source = new WeightSource(file);
        var config = Config(
            source.Size("feature_encoder.linear_layer.weight", 0),
            source.Heads(heads ?? Given(file)),
            source.Size("transformer_blocks.0.linear1.weight", 0),
            source.Layers("transformer_blocks.", ".linear1.weight"),
            source.Size("decoder.linear2.weight", 0));
        return new(config, source.All(config, info => source.Take(info.Name, info.Shape)), $"nanoTabPFN, {file.Path}");
    }

    /// <summary>Writes the state_dict of a model that nanoTabPFN could have, for safetensors.torch.load_file.</summary>
    /// <exception cref="InputException">nanoTabPFN has no such model.</exception>
    public static void Write(TabularModel model, string path)
    {
        var config = model.Config;
        var nano = Config(config.Width, config.Heads, config.Hidden, config.Layers, config.Classes) with
        {
            ZeroConstantColumns = config.ZeroConstantColumns, // how inputs are read, which is no matter of the weights
        };
        if (ConfigJson.Differences(config, nano) is [var (name, value), ..])
        {
            throw new InputException($"{path}: nanoTabPFN has no model whose {name} is {value}; write the model with --layout own.");
        }

        SafeTensors.Write(
            path,
            Parameters.Layout(config).Select(info => KeyValuePair.Create(info.Name, SafeTensor.Of(model.Weights[info.Name], info.Shape))),
            new Dictionary<string, string> { [Heads] = config.Heads.ToString(CultureInfo.InvariantCulture) });
    }

    static TransformerConfig Config(int width, int heads, int hidden, int layers, int classes) => new()
    {
        Width = width,
        Heads = heads,
        Hidden = hidden,
        Layers = layers,
        Classes = classes,
        ZeroConstantColumns = false,
    };

    static int? Given(Checkpoint file) =>
        int.TryParse(file.Metadata.GetValueOrDefault(Heads), NumberStyles.None, CultureInfo.InvariantCulture, out int heads)
            ? heads
            : Settings.Select(key => WeightSource.Number(file.Settings(key), Heads)).FirstOrDefault(number => number is not null);
}
