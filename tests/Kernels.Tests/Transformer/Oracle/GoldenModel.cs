using System.Globalization;
using System.Text.Json;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>A stored run in PyTorch of nanoTabPFN or TabPFN v2, with our names and layouts (tests/Data/tfm/README.md).</summary>
sealed class GoldenModel
{
    readonly SafeTensorsFile _file;
    readonly Dictionary<string, double[]> _weights;
    readonly bool _v2;

    public GoldenModel(string name)
    {
        _file = new("tfm", name);
        _v2 = _file.Metadata["kind"] == "v2";
        using var json = JsonDocument.Parse(_file.Metadata["config"]);
        Config = _v2 ? V2(json.RootElement) : Nano(json.RootElement);
        ClassesInLoss = int.Parse(_file.Metadata["n_classes_in_loss"], CultureInfo.InvariantCulture);

        int[] shape = _file.Shape("in.x");
        int tables = shape[_v2 ? 1 : 0], rows = shape[_v2 ? 0 : 1];
        int context = _file.Shape("in.y_train")[_v2 ? 0 : 1];
        Episode = new(
            tables, context, rows - context, shape[2],
            TablesFirst("in.x", shape[2]), TablesFirst("in.y_train", 1), _v2 ? _file["in.colemb_noise"] : []);
        QueryLabels = Array.ConvertAll(TablesFirst("in.y_test", 1), label => (int)label);

        ulong counter = 0;
        _weights = Stored().ToDictionary(
            stored => stored.Ours,
            stored => stored.Forth(HasWeights ? _file["w." + stored.Theirs] : SplitMixFill(stored, ref counter, seed: 1)));
    }

    public TransformerConfig Config { get; }

    public OracleEpisode Episode { get; }

    public int[] QueryLabels { get; }

    public int ClassesInLoss { get; }

    /// <summary>A fresh copy of the weights, by our names.</summary>
    public Dictionary<string, double[]> Weights() => _weights.ToDictionary(w => w.Key, w => (double[])w.Value.Clone());

    /// <summary>Whether the file holds weights and whole gradients; of the largest models it does not.</summary>
    public bool HasWeights => _file.Names.Any(name => name.StartsWith("w.", StringComparison.Ordinal));

    public bool Has(string name) => _file.Names.Contains(name);

    /// <summary>Numbers that are stored as they are.</summary>
    public double[] this[string name] => _file[name];

    /// <summary>Numbers of each row, which TabPFN v2 stores rows first and then tables.</summary>
    public double[] TablesFirst(string name, int width)
    {
        double[] values = _file[name];
        if (!_v2)
        {
            return values;
        }

        int tables = _file.Shape("in.x")[1], rows = values.Length / (tables * width);
        return [.. from table in Enumerable.Range(0, tables)
                   from row in Enumerable.Range(0, rows)
                   from i in Enumerable.Range(0, width)
                   select values[(row * tables + table) * width + i]];
    }

    /// <summary>Each gradient by our names, beside what is stored of it.</summary>
    /// <remarks>Where it isn't stored whole: the L2 norm, the sum, and eight elements.</remarks>
    public IEnumerable<(string Name, double[] Expected, double[] Actual)> Gradients(
        IReadOnlyDictionary<string, double[]> gradients) =>
        from stored in Stored()
        let actual = stored.Back(gradients[stored.Ours])
        select HasWeights
            ? (stored.Ours, _file["g64." + stored.Theirs], actual)
            : (stored.Ours, _file["gs64." + stored.Theirs], Summary(actual, _file["gs64." + stored.Theirs].Length - 2));

    /// <summary>The mean cross-entropy of the classes in the loss, over all query rows, and its gradient with respect to the logits.</summary>
    public (double Loss, double[] Gradient) Loss(double[] logits)
    {
        int width = Config.Classes, rows = logits.Length / width;
        double loss = 0;
        var gradient = new double[logits.Length];
        for (int row = 0; row < rows; row++)
        {
            double[] among = logits[(row * width)..(row * width + ClassesInLoss)];
            int label = QueryLabels[row];
            double logSum = among.Max() + Math.Log(among.Sum(logit => Math.Exp(logit - among.Max())));
            loss += (logSum - among[label]) / rows;
            for (int k = 0; k < among.Length; k++)
            {
                gradient[row * width + k] = (Math.Exp(among[k] - logSum) - (k == label ? 1 : 0)) / rows;
            }
        }

        return (loss, gradient);
    }

    static double[] Summary(double[] gradient, int samples)
    {
        // torch.linspace(0, n − 1, 8).long(): single-precision steps, cut to whole numbers.
        float step = (float)(gradient.Length - 1) / (samples - 1);
        return
        [
            Math.Sqrt(gradient.Sum(g => g * g)), gradient.Sum(),
            .. Enumerable.Range(0, samples).Select(i => gradient[(int)(step * i)]),
        ];
    }

    static TransformerConfig Nano(JsonElement config) => new()
    {
        Width = config.GetProperty("d").GetInt32(),
        Heads = config.GetProperty("heads").GetInt32(),
        Hidden = config.GetProperty("hidden").GetInt32(),
        Layers = config.GetProperty("layers").GetInt32(),
        Classes = config.GetProperty("n_out").GetInt32(),
        ZeroConstantColumns = false,
    };

    static TransformerConfig V2(JsonElement config) => new()
    {
        Width = config.GetProperty("d").GetInt32(),
        Heads = config.GetProperty("heads").GetInt32(),
        Hidden = config.GetProperty("d").GetInt32() * config.GetProperty("nhid_factor").GetInt32(),
        Layers = config.GetProperty("layers").GetInt32(),
        Classes = config.GetProperty("n_out").GetInt32(),
        AffineNorm = false,
        Biases = false,
        MultiQuery = true,
        GroupSize = config.GetProperty("group").GetInt32(),
        Cells = CellEncoding.Indicated,
        EncoderBias = false,
        Labels = LabelEncoding.Indicated,
        DensifyLabels = config.GetProperty("multiclass").GetBoolean(),
        ColumnEmbedding = config.GetProperty("d").GetInt32() / 4,
    };

    // ---- Names ----

    // FanIn is what the generator of the weights divided by; Forth and Back lead from their layout to ours and back.
    sealed record StoredWeight(
        string Theirs, string Ours, int Length, int FanIn, Func<double[], double[]> Forth, Func<double[], double[]> Back);

    // In the order of the checkpoint's state_dict.
    IEnumerable<StoredWeight> Stored()
    {
        var ours = Parameters.Layout(Config).ToDictionary(info => info.Name);
        if (!_v2)
        {
            return ours.Values.Select(info => Same(info.Name, info));
        }

        StoredWeight Renamed(string theirs, string name) => Same(theirs, ours[name]);
        IEnumerable<StoredWeight> Attention(string theirs, string name) =>
        [
            // Inputs first and then outputs: o W, not o Wᵀ.
            Renamed($"{theirs}._w_out", $"{name}.out_proj.weight") with { Forth = Transposed, Back = Transposed },
            Renamed($"{theirs}._w_qkv", $"{name}.in_proj_weight"),
        ];
        IEnumerable<StoredWeight> Layer(string theirs, string block) =>
        [
            .. Attention($"{theirs}.self_attn_between_features", $"{block}.self_attention_between_features"),
            .. Attention($"{theirs}.self_attn_between_items", $"{block}.self_attention_between_datapoints"),
            Renamed($"{theirs}.mlp.linear1.weight", $"{block}.linear1.weight"),
            Renamed($"{theirs}.mlp.linear2.weight", $"{block}.linear2.weight"),
        ];

        string label = Config.DensifyLabels ? "y_encoder.2.layer" : "y_encoder.1.layer";
        return
        [
            Renamed("encoder.5.layer.weight", "feature_encoder.linear_layer.weight"),
            Renamed($"{label}.weight", "target_encoder.linear_layer.weight"),
            Renamed($"{label}.bias", "target_encoder.linear_layer.bias"),
            .. Enumerable.Range(0, Config.Layers).SelectMany(
                layer => Layer($"transformer_encoder.layers.{layer}", $"transformer_blocks.{layer}")),
            Renamed("decoder_dict.standard.0.weight", "decoder.linear1.weight"),
            Renamed("decoder_dict.standard.0.bias", "decoder.linear1.bias"),
            Renamed("decoder_dict.standard.2.weight", "decoder.linear2.weight"),
            Renamed("decoder_dict.standard.2.bias", "decoder.linear2.bias"),
            Renamed("feature_positional_embedding_embeddings.weight", "column_embedding.weight"),
            Renamed("feature_positional_embedding_embeddings.bias", "column_embedding.bias"),
        ];
    }

    static StoredWeight Same(string theirs, ParameterInfo info) =>
        new(theirs, info.Name, info.Length, info.Width, values => values, values => values);

    double[] Transposed(double[] square) =>
        [.. square.Select((_, i) => square[i % Config.Width * Config.Width + i / Config.Width])];

    // ---- Weights that are not stored ----

    // A 24-bit uniform from splitmix64(seed + counter), scaled by the kind of weight and rounded to a float.
    static double[] SplitMixFill(StoredWeight weight, ref ulong counter, ulong seed)
    {
        var values = new double[weight.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double u = 2 * SplitMix(counter++ + seed) - 1;
            values[i] = (float)(weight.Theirs.EndsWith("bias", StringComparison.Ordinal) ? u * 0.1
                : weight.Theirs.Contains("norm", StringComparison.Ordinal) ? 1 + 0.2 * u
                : u * Math.Sqrt(3.0 / weight.FanIn) * 0.9);
        }

        return values;
    }

    static double SplitMix(ulong counter)
    {
        ulong z = unchecked(counter * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return ((z ^ (z >> 31)) >> 40) * Math.Pow(2, -24);
    }
}
