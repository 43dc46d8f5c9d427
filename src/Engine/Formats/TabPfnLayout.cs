using System.Text.Json;
using System.Text.Json.Nodes;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>TabPFN 2, 2.5 and 2.6 by the names that tabpfn 8 gives their weights.</summary>
/// <remarks>
/// Metadata, each JSON: config (emsize, nhead, features_per_group, max_num_classes, num_buckets, seed …), architecture_name, and
/// from 2.6 on inference_config. Where it is missing, shapes tell all but the heads. Source: PriorLabs/TabPFN, checkpoint.py and
/// architectures/tabpfn_v2*.py.
/// </remarks>
sealed class TabPfnLayout : ModelLayout
{
    // TabPFN's default for classes and buckets alike; it is no part of its files.
    const double Temperature = 0.9;

    // Columns that the stored table lacks are drawn with this seed from 2.5 on.
    const int SeedBeyondTable = 42;

    const string Apache = "If these are Prior Labs' weights, the Prior Labs License holds: whoever passes on the weights, or a product with them, shows " +
        "\"Built with PriorLabs-TabPFN\" and includes the licence, and the name of a model made from them begins with \"TabPFN\".";

    const string NonCommercial = "If these are Prior Labs' weights, their licence forbids commercial use, and whoever passes them on shows " +
        "\"Built with PriorLabs-TabPFN\" and includes the licence.";

    static readonly (string Own, string Theirs)[] InLayer =
    [
        ("self_attention_between_features.out_proj.", "per_sample_attention_between_features.out_projection."),
        ("self_attention_between_features", "per_sample_attention_between_features"),
        ("self_attention_between_datapoints.out_proj.", "per_column_attention_between_cells.out_projection."),
        ("self_attention_between_datapoints", "per_column_attention_between_cells"),
        ("linear1.", "mlp.0."), ("linear2.", "mlp.2."),
        ("norm1.", "layernorm_mha1."), ("norm2.", "layernorm_mha2."), ("norm3.", "layernorm_mlp."),
    ];

    static readonly (string Own, string Theirs)[] Outside =
    [
        ("feature_encoder.linear_layer.", "feature_group_embedder."), ("feature_encoder.linear1.", "feature_group_embedder.0."),
        ("feature_encoder.linear2.", "feature_group_embedder.2."), ("target_encoder.linear_layer.", "target_embedder."),
        ("column_embedding.", "feature_positional_embedding_embeddings."), ("thinking_rows", "add_thinking_rows.row_token_values_TE"),
        ("decoder.linear1.", "output_projection.0."), ("decoder.linear2.", "output_projection.2."),
    ];

    static readonly LayoutNames Names = new("blocks.", InLayer, Outside);

    enum Version
    {
        V2,
        V25,
        V26,
    }

    public override string Name => "TabPFN";

    public override bool Recognises(Checkpoint file) =>
        file.Tensors.ContainsKey("blocks.0.per_sample_attention_between_features.q_projection.weight")
        && file.Tensors.Keys.Any(name => name.StartsWith("feature_group_embedder.", StringComparison.Ordinal));

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        var source = new WeightSource(file);
        var settings = file.Settings("config");
        var version = VersionOf(file, source);
        bool perceptron = source.Has("feature_group_embedder.0.weight");
        bool classifies = WeightSource.Number(settings, "max_num_classes") is int classes ? classes > 0 : !BucketTensors.Are(source);
        var config = Config(
            version, classifies, source.Size("target_embedder.weight", 0), source.Heads(heads ?? WeightSource.Number(settings, "nhead")),
            source.Layers("blocks.", ".mlp.0.weight"), source.Size("output_projection.2.weight", 0)) with
        {
            Hidden = source.Size("blocks.0.mlp.0.weight", 0),
            GroupSize = source.Size(perceptron ? "feature_group_embedder.0.weight" : "feature_group_embedder.weight", 1) / 2,
            EncoderHidden = perceptron ? source.Size("feature_group_embedder.0.weight", 0) : 0,
            LinearLabels = perceptron,
            ThinkingRows = version == Version.V2 ? 0 : source.Size(Names.Theirs("thinking_rows"), 0),
            ColumnEmbedding = source.Size("feature_positional_embedding_embeddings.weight", 1),
        };
        ModelSizes.Check(file.Path, config);
        var traits = new ModelTraits
        {
            Task = classifies ? ModelTask.Classification : ModelTask.Regression,
            Temperature = Temperature,
            Ensemble = ModelEnsemble.TabPfn,
            ColumnVectors = version == Version.V2 ? ColumnVectorSource.TorchGenerator : ColumnVectorSource.StoredTable,
            ColumnSeed = version == Version.V2 ? WeightSource.Number(settings, "seed") ?? 0 : SeedBeyondTable,
            Borders = BucketTensors.Borders(file.Path, source, config.Classes),
            BucketLosses = BucketTensors.Losses(source, config.Classes),
            InferenceSettings = file.Metadata.GetValueOrDefault("inference_config"),
            Notice = version == Version.V2 ? Apache : NonCommercial,
        };
        if (!classifies && traits.Borders is null)
        {
            throw new InputException($"{file.Path}: it is a regressor without the borders of its buckets (criterion.borders); the file is incomplete.");
        }

        return new(config, source.All(config, Take), $"{Named(version)}, {file.Path}", traits);

        float[] Take(ParameterInfo info) => StackedProjections.Parts(info.Name) is var (name, kind)
            ? StackedProjections.Take(source, info, part => Projection(name, part, kind))
            : source.Take(Names.Theirs(info.Name), info.Shape);
    }

    /// <summary>Writes a model that TabPFN could have, as tabpfn 8 reads it from a .safetensors file.</summary>
    /// <exception cref="InputException">TabPFN has no such model.</exception>
    public static void Write(TabularModel model, string path)
    {
        var (config, traits) = (model.Config, model.Traits);
        var version = config.Norm == NormKind.RmsNorm ? Version.V26 : config.ThinkingRows > 0 ? Version.V25 : Version.V2;
        bool classifies = traits.Task == ModelTask.Classification;
        var theirs = Config(version, classifies, config.Width, config.Heads, config.Layers, config.Classes) with
        {
            GroupSize = config.GroupSize,
            EncoderHidden = version == Version.V2 ? 0 : config.EncoderHidden,
            LinearLabels = config.EncoderHidden > 0,
            ThinkingRows = config.ThinkingRows,
            ZeroConstantColumns = config.ZeroConstantColumns, // no matter of its encoder
        };
        if (ConfigJson.Differences(config, theirs) is [var (name, value), ..])
        {
            throw new InputException($"{path}: {Named(version)} has no model whose {name} is {value}; write the model with --layout own.");
        }

        if (!classifies && traits.Borders is null)
        {
            throw new InputException($"{path}: TabPFN's regressors have borders of buckets, and this model has none; write it with --layout own.");
        }

        var metadata = new Dictionary<string, string>
        {
            ["architecture_name"] = $"\"{Architecture(version)}\"",
            ["config"] = Settings(version, config, traits).ToJsonString(),
        };
        if (traits.InferenceSettings is { } inference)
        {
            metadata["inference_config"] = inference;
        }

        // TabPFN loads both or neither.
        var buckets = classifies ? new() : traits with { BucketLosses = traits.BucketLosses ?? new float[config.Classes] };
        SafeTensors.Write(path, [.. Parameters.Layout(config).SelectMany(Tensors), .. BucketTensors.Of(buckets)], metadata);

        IEnumerable<KeyValuePair<string, SafeTensor>> Tensors(ParameterInfo info) => StackedProjections.Parts(info.Name) is var (attention, kind)
            ? StackedProjections.Apart(info, model.Weights[info.Name], part => Projection(attention, part, kind))
            : [new(Names.Theirs(info.Name), SafeTensor.Of(model.Weights[info.Name], info.Shape))];
    }

    static string Projection(string attention, int part, string kind) => $"{Names.Theirs(attention)}.{"qkv"[part]}_projection.{kind}";

    // What the package fixes by the width, and the defaults that a file's shapes may replace.
    static TransformerConfig Config(Version version, bool classifies, int width, int heads, int layers, int classes) => new()
    {
        Width = width,
        Heads = heads,
        Hidden = width * (version == Version.V2 ? 4 : 2),
        Layers = layers,
        Classes = classes,
        Norm = version == Version.V26 ? NormKind.RmsNorm : NormKind.LayerNorm,
        AffineNorm = version == Version.V26,
        Biases = false,
        MultiQuery = true,
        ThinkingRows = version == Version.V2 ? 0 : 64,
        GroupSize = version == Version.V2 ? 2 : 3,
        Cells = CellEncoding.Indicated,
        PackColumns = version != Version.V2,
        EncoderBias = false,
        Labels = LabelEncoding.Indicated,

        // Of dense labels 0, 1 … the number of smaller ones is the label, and that of a mean its ceiling, which 2.5 takes.
        DensifyLabels = classifies,
        ColumnEmbedding = width / 4,
    };

    static JsonObject Settings(Version version, TransformerConfig config, ModelTraits traits)
    {
        bool classifies = traits.Task == ModelTask.Classification;
        var settings = new JsonObject
        {
            ["emsize"] = config.Width,
            ["features_per_group"] = config.GroupSize,
            ["max_num_classes"] = classifies ? config.Classes : 0,
            ["name"] = Named(version).Replace(' ', '-'),
            ["nhead"] = config.Heads,
            ["nlayers"] = config.Layers,
            ["num_buckets"] = classifies ? -1 : config.Classes,
        };
        if (version == Version.V2)
        {
            settings["seed"] = traits.ColumnSeed;
        }
        else
        {
            settings["encoder_type"] = config.EncoderHidden > 0 ? "mlp" : "linear";
            if (config.EncoderHidden > 0)
            {
                settings["encoder_mlp_hidden_dim"] = config.EncoderHidden;
            }

            settings["num_thinking_rows"] = config.ThinkingRows;
        }

        return settings;
    }

    static Version VersionOf(Checkpoint file, WeightSource source)
    {
        if (!file.Metadata.TryGetValue("architecture_name", out string? name))
        {
            return source.Has("blocks.0.layernorm_mha1.weight") ? Version.V26
                : source.Has(Names.Theirs("thinking_rows")) ? Version.V25
                : Version.V2;
        }

        return name.Trim('"') switch
        {
            "tabpfn_v2" => Version.V2,
            "base" or "tabpfn_v2_5" => Version.V25,
            "tabpfn_v2_6" => Version.V26,
            var other => throw new InputException(
                $"{file.Path}: its architecture is {JsonSerializer.Serialize(other)}, and tabpfn_v2, tabpfn_v2_5 and tabpfn_v2_6 can be read; give one of those."),
        };
    }

    static string Architecture(Version version) => version switch
    {
        Version.V2 => "tabpfn_v2",
        Version.V25 => "tabpfn_v2_5",
        _ => "tabpfn_v2_6",
    };

    static string Named(Version version) => version switch
    {
        Version.V2 => "TabPFN v2",
        Version.V25 => "TabPFN v2.5",
        _ => "TabPFN v2.6",
    };
}
