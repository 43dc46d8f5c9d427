using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;
using static TorchSharp.torch;
using Functional = TorchSharp.torch.nn.functional;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>
/// The same models in PyTorch (libtorch through TorchSharp), as their Python packages compute them: every token in every layer,
/// with scaled_dot_product_attention. Compiled with -p:Torch=true alone.
/// </summary>
/// <remarks>
/// Tokens are (rows, columns, width). Weights, cells and column vectors are those of an <see cref="OurTransformer"/>, so that
/// outputs and gradients can be compared. A scope ends each sub-layer, which frees what Python's reference counts would.
/// </remarks>
sealed class TorchTransformer : ITransformerEngine
{
    const double Epsilon = 1e-5;

    readonly TransformerCase _case;
    readonly TransformerConfig _config;
    readonly Dictionary<string, Tensor> _weights = [];
    readonly Tensor _cells, _labels, _classes;
    readonly Tensor? _columns;

    public TorchTransformer(TransformerCase @case, int threads)
    {
        set_num_threads(threads);
        (_case, _config) = (@case, @case.Config);
        using var source = new OurTransformer(@case with { ContextRows = 2, QueryRows = 1 }, threads);
        foreach (var info in source.Model.Parameters.All)
        {
            _weights[info.Name] = tensor(
                source.Model.Parameters.Weight(info.Name).ToArray(), [.. info.Shape.Select(size => (long)size)]).requires_grad_();
        }

        int tokens = _config.Tokens(@case.Columns) - 1;
        _columns = _config.ColumnEmbedding == 0
            ? null
            : tensor(TorchRandom.Normals(source.Model.ColumnSeed, tokens * _config.ColumnEmbedding), tokens, _config.ColumnEmbedding);
        _cells = Cells(@case.Table());
        _labels = Labels(@case.Table());
        _classes = tensor([.. @case.QueryLabels().Select(label => (long)label)]);
    }

    /// <summary>The product of square matrices, the machine's limit as PyTorch reaches it.</summary>
    public static Action Product(int size, int threads)
    {
        set_num_threads(threads);
        Tensor a = full(size, size, 0.5f), b = full(size, size, 0.5f), c = empty(size, size);
        return () => c.addmm_(a, b, beta: 0, alpha: 1);
    }

    public void Forward()
    {
        using var nothingKept = no_grad();
        using var scope = NewDisposeScope();
        Logits();
    }

    public double ForwardBackward()
    {
        using var scope = NewDisposeScope();
        var loss = Functional.cross_entropy(Logits(), _classes);
        loss.backward();
        return loss.item<float>();
    }

    /// <summary>The furthest that our logits, and our gradients as a share of a weight's largest, are from these.</summary>
    public (double Logits, double Gradients) Difference(OurTransformer ours)
    {
        using var scope = NewDisposeScope();
        double logits = Furthest(Logits(), ours.Logits());
        ours.Model.Parameters.ClearGradients();
        ours.ForwardBackward();
        ForwardBackward();
        // The gradient of a key's bias is zero but for rounding: softmax does not see it.
        double gradients = _weights.Where(weight => !weight.Key.EndsWith("in_proj_bias", StringComparison.Ordinal)).Max(weight =>
            Furthest(weight.Value.grad!, ours.Model.Parameters.Gradient(weight.Key).ToArray())
                / weight.Value.grad!.abs().max().item<float>());
        return (logits, gradients);
    }

    public void Dispose()
    {
        foreach (var weight in _weights.Values)
        {
            weight.Dispose();
        }

        _cells.Dispose();
        _labels.Dispose();
        _classes.Dispose();
        _columns?.Dispose();
    }

    Tensor Logits()
    {
        var tokens = Tokens();
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            string block = $"transformer_blocks.{layer}";
            tokens = Scoped(tokens, x => OverColumns(x, block));
            tokens = Scoped(tokens, x => OverRows(x, block));
            tokens = Scoped(tokens, x => Perceptron(x, block));
        }

        var asked = tokens.narrow(0, _case.ContextRows, _case.QueryRows).select(1, -1);
        return Linear(Functional.gelu(Linear(asked, "decoder.linear1")), "decoder.linear2");
    }

    Tensor Tokens()
    {
        var features = Linear(_cells, "feature_encoder.linear_layer");
        if (_columns is not null)
        {
            features += Linear(_columns, "column_embedding");
        }

        return cat([features, Linear(_labels, "target_encoder.linear_layer").unsqueeze(1)], 1);
    }

    // All tokens of a row attend to each other.
    Tensor OverColumns(Tensor x, string block)
    {
        string name = $"{block}.self_attention_between_features";
        var heads = Functional.linear(x, _weights[$"{name}.in_proj_weight"], Find($"{name}.in_proj_bias"))
            .view(x.shape[0], x.shape[1], 3, _config.Heads, -1).permute(2, 0, 3, 1, 4).unbind(0);
        return Add(x, Attend(heads[0], heads[1], heads[2]), name, $"{block}.norm1");
    }

    // All rows of a column attend to its context rows.
    Tensor OverRows(Tensor x, string block)
    {
        string name = $"{block}.self_attention_between_datapoints";
        var columns = x.transpose(0, 1).contiguous();
        int context = _case.ContextRows, width = _config.Width;
        Tensor weight = _weights[$"{name}.in_proj_weight"];
        var bias = Find($"{name}.in_proj_bias");
        var query = Functional.linear(columns, weight.narrow(0, 0, width), bias?.narrow(0, 0, width))
            .view(columns.shape[0], columns.shape[1], _config.Heads, -1).transpose(1, 2);
        var keyValue = Functional.linear(columns.narrow(1, 0, context), weight.narrow(0, width, 2 * width), bias?.narrow(0, width, 2 * width))
            .view(columns.shape[0], context, 2, _config.Heads, -1).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor key = keyValue[0], value = keyValue[1], attended;
        if (_config.MultiQuery)
        {
            // Query rows read the first head's keys and values alone.
            var ofContext = Attend(query.narrow(2, 0, context), key, value);
            var ofQueries = Attend(
                query.narrow(2, context, _case.QueryRows), key.narrow(1, 0, 1).expand_as(key), value.narrow(1, 0, 1).expand_as(value));
            attended = cat([ofContext, ofQueries], 1);
        }
        else
        {
            attended = Attend(query, key, value);
        }

        return Add(columns, attended, name, $"{block}.norm2").transpose(0, 1).contiguous();
    }

    Tensor Perceptron(Tensor x, string block) =>
        Norm(x + Linear(Functional.gelu(Linear(x, $"{block}.linear1")), $"{block}.linear2"), $"{block}.norm3");

    // (tables, heads, rows, head width) to (tables, rows, width)
    static Tensor Attend(Tensor query, Tensor key, Tensor value) =>
        Functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2);

    Tensor Add(Tensor x, Tensor attended, string attention, string norm) => Norm(x + Linear(attended, $"{attention}.out_proj"), norm);

    Tensor Norm(Tensor x, string name) =>
        Functional.layer_norm(x, [_config.Width], Find($"{name}.weight"), Find($"{name}.bias"), Epsilon);

    Tensor Linear(Tensor x, string name) => Functional.linear(x, _weights[$"{name}.weight"], Find($"{name}.bias"));

    Tensor? Find(string name) => _weights.GetValueOrDefault(name);

    static Tensor Scoped(Tensor x, Func<Tensor, Tensor> step)
    {
        using var scope = NewDisposeScope();
        var result = step(x).MoveToOuterDisposeScope();
        x.Dispose();
        return result;
    }

    static double Furthest(Tensor theirs, float[] ours) =>
        (theirs.detach().flatten() - tensor(ours)).abs().max().item<float>();

    // No cell is missing and no column constant, so what is left of both encodings is to standardise by the context.
    Tensor Cells(EpisodeBatch table)
    {
        using var scope = NewDisposeScope();
        var x = tensor(table.Cells.ToArray(), _case.ContextRows + _case.QueryRows, _case.Columns).to(float64);
        var context = x.narrow(0, 0, _case.ContextRows);
        x = ((x - context.mean([0])) / context.std(0)).to(float32).view(x.shape[0], -1, _config.GroupSize);
        return (_config.Cells == CellEncoding.Indicated ? cat([x, zeros_like(x)], -1) : x).MoveToOuterDisposeScope();
    }

    // Labels are 0 and 1; a query row has their mean, above one of them, and v2's indicator -2.
    Tensor Labels(EpisodeBatch table)
    {
        using var scope = NewDisposeScope();
        var labels = tensor(table.ContextLabels.ToArray());
        var asked = full(_case.QueryRows, _config.DensifyLabels ? 1 : labels.mean().item<float>());
        var given = cat([labels, asked]);
        return (_config.Labels == LabelEncoding.Indicated
            ? stack([given, cat([zeros_like(labels), full_like(asked, -2)])], 1) : given.unsqueeze(1)).MoveToOuterDisposeScope();
    }
}
