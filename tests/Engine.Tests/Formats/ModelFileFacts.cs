using System.Security.Cryptography;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Formats;

/// <summary>Models by the names of each program: every weight comes to its place, and what is written is read back bit for bit.</summary>
public sealed class ModelFileFacts : IDisposable
{
    const int Width = 8, Heads = 2, Hidden = 32, Layers = 2, Classes = 3;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_switch_and_trait_is_written_and_read_back_bit_for_bit()
    {
        var config = new TransformerConfig
        {
            Width = 12,
            Heads = 3,
            Hidden = 5,
            Layers = 2,
            Classes = 4,
            Norm = NormKind.RmsNorm,
            NormBefore = true,
            AffineNorm = true,
            Biases = false,
            Attention = AttentionKind.Linear,
            ThinkingRows = 2,
            GroupSize = 3,
            ShiftedGroups = true,
            Cells = CellEncoding.Indicated,
            PackColumns = true,
            EncoderHidden = 7,
            LinearLabels = true,
            EncoderBias = false,
            Labels = LabelEncoding.Flagged,
            DensifyLabels = true,
            ColumnEmbedding = 6,
            Decoder = DecoderInput.FeatureMean,
            ZeroConstantColumns = false,
        };
        var traits = new ModelTraits
        {
            Task = ModelTask.Regression,
            Temperature = 0.1 + 0.2,
            Ensemble = ModelEnsemble.TabPfn,
            ColumnVectors = ColumnVectorSource.StoredTable,
            ColumnSeed = 42,
            Borders = [-3, -0.5f, 0, 1e-9f, 2],
            BucketLosses = [1, 2, 3, 4],
            InferenceSettings = "{\"A\": [1, \"ü\"]}",
            Notice = "Built with care",
        };
        var model = new TabularModel(config, Weights(config), "made up", traits);
        ModelFile.Write(model, _folder["one.safetensors"]);
        ModelFile.Write(model, _folder["two.safetensors"]);

        var read = ModelFile.Read(_folder["one.safetensors"]);
        Assert.Equal(File.ReadAllBytes(_folder["one.safetensors"]), File.ReadAllBytes(_folder["two.safetensors"]));
        Same(model, read);
        Assert.Equal("made up", read.Origin);

        // No switch of the config was left at its default, so none could be lost unseen (multi-query excludes linear attention).
        Assert.Equal(["affine_norm", "multi_query"], typeof(TransformerConfig).GetProperties().Where(property => property.CanWrite)
            .Where(property => Equals(property.GetValue(config), property.GetValue(new TransformerConfig())))
            .Select(property => property.Name == "MultiQuery" ? "multi_query" : property.Name == "AffineNorm" ? "affine_norm" : property.Name).Order());
        var other = config with { Attention = AttentionKind.Softmax, MultiQuery = true, AffineNorm = false };
        ModelFile.Write(new(other, Weights(other), ""), _folder["three.safetensors"]);
        Assert.Equal(other, ModelFile.Read(_folder["three.safetensors"]).Config);
    }

    [Fact]
    public void Files_of_version_1_are_read()
    {
        var config = Nano with { ZeroConstantColumns = true };
        var model = new TabularModel(config, Weights(config), "old");
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "causalmixft.model",
            ["version"] = "1",
            ["width"] = "8",
            ["heads"] = "2",
            ["hidden"] = "32",
            ["layers"] = "2",
            ["classes"] = "3",
            ["zero_constant_columns"] = "true",
            ["origin"] = "old",
        };
        SafeTensors.Write(_folder["m"], Tensors(model), metadata);
        Same(model, ModelFile.Read(_folder["m"]));

        foreach (var (key, value, expected) in ((string, string, string)[])
            [("version", "3", "version '3'"), ("width", "0", "'width'"), ("heads", "3", "do not divide"), ("layers", "4097", "'layers'"), ("hidden", "31", "linear1.weight")])
        {
            SafeTensors.Write(_folder["bad"], Tensors(model), new Dictionary<string, string>(metadata) { [key] = value });
            Assert.Contains(expected, Assert.Throws<InputException>(() => ModelFile.Read(_folder["bad"])).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{\"width\": 70000}", "width is 70000")]
    [InlineData("{\"width\": 8, \"heads\": 3}", "do not divide")]
    [InlineData("{\"layers\": 1024, \"width\": 65536, \"heads\": 1}", "are the most")]
    [InlineData("{\"norm\": \"batch_norm\"}", "'$.norm'")]
    [InlineData("{\"norm\": 1}", "'$.norm'")]
    [InlineData("{\"colour\": 1}", "newer version")]
    [InlineData("{\"attention\": \"linear\", \"multi_query\": true}", "multi-query")]
    [InlineData("not JSON", "'config'")]
    [InlineData("null", "'config'")]
    public void A_config_that_cannot_be_is_refused(string config, string expected)
    {
        SafeTensors.Write(_folder["m"], [], new Dictionary<string, string> { ["format"] = "causalmixft.model", ["version"] = "2", ["config"] = config });
        var fault = Assert.Throws<InputException>(() => ModelFile.Read(_folder["m"]));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("model")]
    [InlineData("state_dict")]
    [InlineData("model_state_dict")]
    public void A_nanoTabPFN_is_read_from_a_torch_file(string? key)
    {
        var model = new TabularModel(Nano, Weights(Nano), "");
        var state = Torch(Tensors(model));
        string path = _folder.Write("nano.pt", TorchWriter.Save(key is null ? state : new Dictionary<string, object?> { [key] = state, ["epoch"] = 3 }));
        Assert.Contains("\"heads\": N", Assert.Throws<InputException>(() => ModelFile.Read(path)).Message, StringComparison.Ordinal);
        Same(model, ModelFile.Read(path, heads: Heads));
        _folder.Write("nano.pt.json", "{\"heads\": 2}");
        Same(model, ModelFile.Read(path));
    }

    [Fact]
    public void Heads_of_a_nanoTabPFN_are_found_in_its_settings()
    {
        var model = new TabularModel(Nano, Weights(Nano), "");
        var root = new Dictionary<string, object?>
        {
            ["model"] = Torch(Tensors(model)),
            ["architecture"] = new Dictionary<string, object?> { ["num_attention_heads"] = 2, ["num_layers"] = 2 },
        };
        Same(model, ModelFile.Read(_folder.Write("nano.pt", TorchWriter.Save(root))));
    }

    [Fact]
    public void A_TinyPFN_is_read_with_its_projections_stacked()
    {
        var config = Nano with { Attention = AttentionKind.Linear };
        var model = new TabularModel(config, Weights(config), "");
        var state = Tensors(model).SelectMany(entry => Apart(entry, ".in_proj_", part => $".{"qkv"[part]}_proj."));
        var root = new Dictionary<string, object?>
        {
            ["model_state_dict"] = Torch(state),
            ["model_kwargs"] = new Dictionary<string, object?> { ["embedding_size"] = 8, ["num_attention_heads"] = 2 },
        };
        Same(model, ModelFile.Read(_folder.Write("tiny.pt", TorchWriter.Save(root))));
    }

    [Fact]
    public void A_My_Small_PFN_is_read_with_the_settings_beside_it()
    {
        var config = new TransformerConfig
        {
            Width = Width,
            Heads = Heads,
            Hidden = Hidden,
            Layers = Layers,
            Classes = 5,
            GroupSize = 3,
            Cells = CellEncoding.Raw,
            EncoderHidden = 6,
            Labels = LabelEncoding.Flagged,
            ThinkingRows = 4,
        };
        var model = new TabularModel(config, Weights(config), "", new ModelTraits { Task = ModelTask.Regression, Temperature = 0.75 });
        var state = Tensors(model).Select(entry => KeyValuePair.Create(
            entry.Key.Replace("feature_encoder.linear1", "encoder_x.mlp.0", StringComparison.Ordinal).Replace("feature_encoder.linear2", "encoder_x.mlp.2", StringComparison.Ordinal)
                .Replace("target_encoder.linear1", "encoder_y.mlp.0", StringComparison.Ordinal).Replace("target_encoder.linear2", "encoder_y.mlp.2", StringComparison.Ordinal)
                .Replace("decoder.linear1", "decoder.mlp.0", StringComparison.Ordinal).Replace("decoder.linear2", "decoder.mlp.2", StringComparison.Ordinal)
                .Replace("thinking_rows", "add_thinking_tokens.row_token_values", StringComparison.Ordinal).Replace("transformer_blocks", "transformer.layers", StringComparison.Ordinal)
                .Replace("self_attention_between_features", "feature_attn", StringComparison.Ordinal).Replace("self_attention_between_datapoints", "row_attn", StringComparison.Ordinal)
                .Replace("in_proj_", "linear_qkv.", StringComparison.Ordinal).Replace("out_proj", "linear_out", StringComparison.Ordinal)
                .Replace(".linear1.", ".feed_forward.mlp.0.", StringComparison.Ordinal).Replace(".linear2.", ".feed_forward.mlp.2.", StringComparison.Ordinal)
                .Replace("norm1", "layer_norm_fa", StringComparison.Ordinal).Replace("norm2", "layer_norm_ra", StringComparison.Ordinal).Replace("norm3", "layer_norm_ff", StringComparison.Ordinal),
            entry.Value));
        string path = _folder.Write("my_PFN_weights.pth", TorchWriter.Save(Torch(state)));
        Assert.Contains("my_PFN_config.json", Assert.Throws<InputException>(() => ModelFile.Read(path)).Message, StringComparison.Ordinal);
        _folder.Write("my_PFN_config.json", "{\"n_heads\": 2, \"temperature\": 0.75}");
        Same(model, ModelFile.Read(path));
    }

    public static TheoryData<string, bool> TabPfns => new()
    {
        { "tabpfn_v2", true }, { "tabpfn_v2", false }, { "tabpfn_v2_5", true }, { "tabpfn_v2_5", false }, { "tabpfn_v2_6", true }, { "tabpfn_v2_6", false },
    };

    [Theory, MemberData(nameof(TabPfns))]
    public void A_TabPFN_comes_back_from_its_own_layout_bit_for_bit(string architecture, bool classifies)
    {
        var model = TabPfn(architecture, classifies);
        ModelFile.Export(model, _folder["t.safetensors"], ModelExport.TabPfn);
        Same(model, ModelFile.Read(_folder["t.safetensors"]));

        // What upstream's loader parses: every metadata text is JSON.
        using var file = SafeTensors.Read(_folder["t.safetensors"]);
        Assert.Equal($"\"{architecture}\"", file.Metadata["architecture_name"]);
        using var config = System.Text.Json.JsonDocument.Parse(file.Metadata["config"]);
        Assert.Equal(classifies ? 3 : 0, config.RootElement.GetProperty("max_num_classes").GetInt32());
        Assert.Equal(classifies, !file.Tensors.ContainsKey("criterion.borders"));
        Assert.Equal(classifies, !file.Tensors.ContainsKey("criterion.losses_per_bucket"));

        // Written by way of this program's layout, the file is the same.
        ModelFile.Write(ModelFile.Read(_folder["t.safetensors"]), _folder["own.safetensors"]);
        ModelFile.Export(ModelFile.Read(_folder["own.safetensors"]), _folder["again.safetensors"], ModelExport.TabPfn);
        Assert.Equal(File.ReadAllBytes(_folder["t.safetensors"]), File.ReadAllBytes(_folder["again.safetensors"]));
    }

    [Fact]
    public void A_TabPFN_has_its_names_and_its_matrices_the_right_way_round()
    {
        var model = TabPfn("tabpfn_v2", classifies: true);
        ModelFile.Export(model, _folder["t.safetensors"], ModelExport.TabPfn);
        using var file = SafeTensors.Read(_folder["t.safetensors"]);
        Assert.Equal(
            ["feature_group_embedder.weight", "target_embedder.weight", "target_embedder.bias", "feature_positional_embedding_embeddings.weight",
                "feature_positional_embedding_embeddings.bias", "blocks.0.per_column_attention_between_cells.q_projection.weight"],
            file.Tensors.Keys.Take(6));
        Assert.Equal(5 + 2 * 10 + 4, file.Tensors.Count);
        float[] stacked = model.Weights["transformer_blocks.1.self_attention_between_features.in_proj_weight"];
        foreach (var (part, letter) in ((int, string)[])[(0, "q"), (1, "k"), (2, "v")])
        {
            Assert.Equal(
                stacked.AsSpan(part * Width * Width, Width * Width).ToArray(),
                file.Tensors[$"blocks.1.per_sample_attention_between_features.{letter}_projection.weight"].ToFloats());
        }

        Assert.Equal(model.Weights["transformer_blocks.1.linear2.weight"], file.Tensors["blocks.1.mlp.2.weight"].ToFloats());
    }

    [Theory]
    [InlineData("tabpfn_v2", true, "encoder.5.layer", "y_encoder.2.layer")]
    [InlineData("tabpfn_v2", false, "encoder.6.layer", "y_encoder.1.layer")]
    [InlineData("tabpfn_v2_5", true, "encoder.5.layer", "y_encoder.2.layer")]
    public void A_released_TabPFN_checkpoint_is_the_same_model(string architecture, bool classifies, string encoder, string labels)
    {
        var model = TabPfn(architecture, classifies);
        var state = Tensors(model).Select(entry =>
        {
            string name = entry.Key.Replace("feature_encoder.linear_layer", encoder, StringComparison.Ordinal).Replace("target_encoder.linear_layer", labels, StringComparison.Ordinal)
                .Replace("column_embedding", "feature_positional_embedding_embeddings", StringComparison.Ordinal)
                .Replace("thinking_rows", "add_thinking_tokens.row_token_values", StringComparison.Ordinal)
                .Replace("decoder.linear1", "decoder_dict.standard.0", StringComparison.Ordinal).Replace("decoder.linear2", "decoder_dict.standard.2", StringComparison.Ordinal)
                .Replace("transformer_blocks", "transformer_encoder.layers", StringComparison.Ordinal)
                .Replace("self_attention_between_datapoints", "self_attn_between_items", StringComparison.Ordinal).Replace("self_attention", "self_attn", StringComparison.Ordinal)
                .Replace(".linear", ".mlp.linear", StringComparison.Ordinal)
                .Replace("in_proj_weight", "_w_qkv", StringComparison.Ordinal).Replace("out_proj.weight", "_w_out", StringComparison.Ordinal);
            return KeyValuePair.Create(name, name.EndsWith("_w_qkv", StringComparison.Ordinal) ? SafeTensor.Of(entry.Value.ToFloats(), 3, Heads, Width / Heads, Width)
                : name.EndsWith("_w_out", StringComparison.Ordinal) ? SafeTensor.Of(Transposed(entry.Value.ToFloats()), Heads, Width / Heads, Width)
                : entry.Value);
        });
        var root = new Dictionary<string, object?>
        {
            ["state_dict"] = Torch([.. state, .. BucketTensors.Of(model.Traits)]),
            ["config"] = new Dictionary<string, object?> { ["emsize"] = 8, ["nhead"] = 2, ["max_num_classes"] = classifies ? 3 : 0, ["lr"] = 1e-4, ["model_type"] = "multiclass" },
        };
        if (architecture != "tabpfn_v2")
        {
            root["architecture_name"] = "base";
        }

        Same(model, ModelFile.Read(_folder.Write("tabpfn.ckpt", TorchWriter.Save(root))), settings: false);
    }

    [Fact]
    public void A_TabPFN_without_metadata_needs_its_heads_and_tells_its_task_by_its_borders()
    {
        foreach (var (architecture, classifies) in ((string, bool)[])[("tabpfn_v2", true), ("tabpfn_v2", false), ("tabpfn_v2_5", false), ("tabpfn_v2_6", true)])
        {
            var model = TabPfn(architecture, classifies);
            ModelFile.Export(model, _folder["t.safetensors"], ModelExport.TabPfn);
            using var file = SafeTensors.Read(_folder["t.safetensors"]);
            SafeTensors.Write(_folder["bare.safetensors"], file.Tensors.Select(entry => KeyValuePair.Create(
                entry.Key.Replace("criterion.borders", "regression_borders", StringComparison.Ordinal), entry.Value)));
            Assert.Contains("bare.safetensors.json", Assert.Throws<InputException>(() => ModelFile.Read(_folder["bare.safetensors"])).Message, StringComparison.Ordinal);
            Same(model, ModelFile.Read(_folder["bare.safetensors"], heads: 2), settings: false);
        }
    }

    [Fact]
    public void Nano_weights_come_back_and_other_models_are_no_nanoTabPFN()
    {
        var model = new TabularModel(Nano, Weights(Nano), "");
        ModelFile.Export(model, _folder["n.safetensors"], ModelExport.Nano);
        Same(model, ModelFile.Read(_folder["n.safetensors"]));
        var fault = Assert.Throws<InputException>(() => ModelFile.Export(TabPfn("tabpfn_v2", true), _folder["x.safetensors"], ModelExport.Nano));
        Assert.Contains("affine_norm is false", fault.Message, StringComparison.Ordinal);
        fault = Assert.Throws<InputException>(() => ModelFile.Export(model, _folder["x.safetensors"], ModelExport.TabPfn));
        Assert.Contains("TabPFN v2 has no model", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["x.safetensors"]));
    }

    [Theory]
    [InlineData("F64")]
    [InlineData("F16")]
    [InlineData("BF16")]
    public void Weights_of_other_widths_become_floats_and_counters_are_tolerated(string type)
    {
        var model = new TabularModel(Nano, Weights(Nano, whole: true), "");
        var tensors = Tensors(model).Select(entry => KeyValuePair.Create(entry.Key, new SafeTensor(type, entry.Value.Shape, Bytes(type, entry.Value.ToFloats()))));
        SafeTensors.Write(
            _folder["m"], [.. tensors, new("num_batches_tracked", new SafeTensor("I64", [], new byte[8])), new("mask", new SafeTensor("BOOL", [2], new byte[2]))]);
        Same(model, ModelFile.Read(_folder["m"], Heads));
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        var nano = Tensors(new(Nano, Weights(Nano), "")).ToDictionary(entry => entry.Key, entry => entry.Value);
        Refused(new(nano) { ["extra.weight"] = SafeTensor.Of([1], 1) }, "'extra.weight'");
        Refused(new(nano) { ["decoder.linear1.bias"] = SafeTensor.Of(new float[31], 31) }, "'decoder.linear1.bias' should be real numbers [32] but is F32 [31]");
        Refused(new(nano) { ["decoder.linear1.bias"] = SafeTensor.Of([float.NaN, .. new float[31]], 32) }, "not finite");
        Refused(new(nano) { ["decoder.linear1.bias"] = new SafeTensor("I64", [32], new byte[256]) }, "I64 [32]");
        Refused(new(nano.Where(entry => entry.Key != "transformer_blocks.1.norm3.bias")), "'transformer_blocks.1.norm3.bias'");
        Refused(new() { ["embedding"] = SafeTensor.Of([1], 1) }, "no layout that is known");

        ModelFile.Export(TabPfn("tabpfn_v2", true), _folder["t.safetensors"], ModelExport.TabPfn);
        using var file = SafeTensors.Read(_folder["t.safetensors"]);
        var tabpfn = file.Tensors.ToDictionary();
        Refused(tabpfn, "tabpfn_v3", new() { ["architecture_name"] = "\"tabpfn_v3\"" });
        Refused(tabpfn, "criterion.borders", new() { ["config"] = "{\"max_num_classes\": 0, \"nhead\": 2}" });
        Refused(tabpfn, "metadata 'config'", new() { ["config"] = "{\"nhead\": 2, \"nhead\": 3}" });
        Refused(tabpfn, "3 heads do not divide", new() { ["config"] = "{\"nhead\": 3}" });
        tabpfn["feature_group_embedder.0.weight"] = SafeTensor.Of(new float[16], 4, 4);
        Refused(tabpfn, "'feature_group_embedder.2.weight'", new() { ["config"] = "{\"nhead\": 2}" });

        void Refused(Dictionary<string, SafeTensor> tensors, string expected, Dictionary<string, string>? metadata = null)
        {
            SafeTensors.Write(_folder["bad"], tensors, metadata ?? new() { ["num_attention_heads"] = "2" });
            Assert.Contains(expected, Assert.Throws<InputException>(() => ModelFile.Read(_folder["bad"])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_is_described_with_its_hash()
    {
        ModelFile.Export(TabPfn("tabpfn_v2", true), _folder["t.safetensors"], ModelExport.TabPfn);
        var shown = ModelFile.Describe(_folder["t.safetensors"]);
        byte[] bytes = File.ReadAllBytes(_folder["t.safetensors"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), shown.Sha256);
        Assert.Equal(bytes.Length, shown.Bytes);
        // Two layers of 8·8² + 2·8·32, encoders of 32, 24 and 24, and a decoder of 288 + 99.
        Assert.Equal("TabPFN v2 classifier, 2,515 parameters", shown.Kind);
        Assert.Equal(2515, shown.Tensors.Sum(tensor => tensor.Shape.Aggregate(1, (product, size) => product * size)));
        Assert.Null(shown.Released);
        Assert.Contains(("multi_query", "true"), shown.Switches);
        Assert.Contains("Built with PriorLabs-TabPFN", shown.Model.Traits.Notice, StringComparison.Ordinal);
        Assert.Equal("tabpfn-v2-regressor.ckpt", ReleasedModel.Find("2ab5a07d5c41dfe6db9aa7ae106fc6de898326c2765be66505a07e2868c10736")?.Name);
    }

    [Fact]
    public void The_file_is_given_back_after_reading()
    {
        ModelFile.Export(new(Nano, Weights(Nano), ""), _folder["n.safetensors"], ModelExport.Nano);
        var file = SafeTensors.Read(_folder["n.safetensors"]);
        var tensor = file.Tensors["decoder.linear2.bias"];
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.ToFloats());
        file.Dispose();
    }

    static TransformerConfig Nano => new() { Width = Width, Heads = Heads, Hidden = Hidden, Layers = Layers, Classes = Classes, ZeroConstantColumns = false };

    static TabularModel TabPfn(string architecture, bool classifies)
    {
        bool second = architecture == "tabpfn_v2", rms = architecture == "tabpfn_v2_6";
        var config = new TransformerConfig
        {
            Width = Width,
            Heads = Heads,
            Hidden = second ? 4 * Width : 2 * Width,
            Layers = Layers,
            Classes = Classes,
            Norm = rms ? NormKind.RmsNorm : NormKind.LayerNorm,
            AffineNorm = rms,
            Biases = false,
            MultiQuery = true,
            ThinkingRows = second ? 0 : 5,
            GroupSize = second ? 2 : 3,
            Cells = CellEncoding.Indicated,
            PackColumns = !second,
            EncoderBias = false,
            Labels = LabelEncoding.Indicated,
            DensifyLabels = classifies,
            ColumnEmbedding = Width / 4,
        };
        return new(config, Weights(config), "", new ModelTraits
        {
            Task = classifies ? ModelTask.Classification : ModelTask.Regression,
            Temperature = 0.9,
            Ensemble = ModelEnsemble.TabPfn,
            ColumnVectors = second ? ColumnVectorSource.TorchGenerator : ColumnVectorSource.StoredTable,
            ColumnSeed = second ? 0 : 42,
            Borders = classifies ? null : [-2, -0.25f, 0.5f, 3],
            BucketLosses = classifies ? null : [0.1f, 0.2f, 0.3f],
            InferenceSettings = rms ? "{\"SUBSAMPLE_SAMPLES\": null}" : null,
        });
    }

    // No two numbers alike, so that none can come from another's place.
    static Dictionary<string, float[]> Weights(TransformerConfig config, bool whole = false)
    {
        int next = 0;
        return Parameters.Layout(config).ToDictionary(
            info => info.Name, info => Enumerable.Range(0, info.Length).Select(_ => whole ? next++ % 128 : 0.001f * next++).ToArray());
    }

    static IEnumerable<KeyValuePair<string, SafeTensor>> Tensors(TabularModel model) =>
        Parameters.Layout(model.Config).Select(info => KeyValuePair.Create(info.Name, SafeTensor.Of(model.Weights[info.Name], info.Shape)));

    static Dictionary<string, object?> Torch(IEnumerable<KeyValuePair<string, SafeTensor>> tensors) =>
        tensors.ToDictionary(entry => entry.Key, entry => (object?)TorchTensor.Of(entry.Value.ToFloats(), [.. entry.Value.Shape]));

    static IEnumerable<KeyValuePair<string, SafeTensor>> Apart(KeyValuePair<string, SafeTensor> entry, string stacked, Func<int, string> part)
    {
        float[] values = entry.Value.ToFloats();
        return !entry.Key.Contains(stacked, StringComparison.Ordinal) ? [entry]
            : Enumerable.Range(0, 3).Select(i => KeyValuePair.Create(
                entry.Key.Replace(stacked, part(i), StringComparison.Ordinal),
                SafeTensor.Of(values.AsSpan(i * values.Length / 3, values.Length / 3), [entry.Value.Shape[0] / 3, .. entry.Value.Shape.Skip(1)])));
    }

    static float[] Transposed(float[] square) =>
        [.. Enumerable.Range(0, Width).SelectMany(row => Enumerable.Range(0, Width).Select(column => square[column * Width + row]))];

    static byte[] Bytes(string type, float[] values) => [.. values.SelectMany(value => type switch
    {
        "F64" => BitConverter.GetBytes((double)value),
        "F16" => BitConverter.GetBytes((Half)value),
        _ => BitConverter.GetBytes(value)[2..],
    })];

    static void Same(TabularModel expected, TabularModel actual, bool settings = true)
    {
        Assert.Equal(expected.Config, actual.Config);
        Assert.Equal(expected.Weights.Keys, actual.Weights.Keys);
        Assert.All(expected.Weights, entry => Assert.Equal(entry.Value, actual.Weights[entry.Key]));
        Assert.Equal(expected.Traits.Borders, actual.Traits.Borders);
        Assert.Equal(expected.Traits.BucketLosses, actual.Traits.BucketLosses);
        Assert.Equal(
            expected.Traits with { Borders = null, BucketLosses = null, Notice = null, InferenceSettings = settings ? expected.Traits.InferenceSettings : null },
            actual.Traits with { Borders = null, BucketLosses = null, Notice = null });
        Assert.Equal(expected.Traits.Notice ?? actual.Traits.Notice, actual.Traits.Notice);
    }
}
