using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// The definition of <see cref="TabularTransformer"/>: the whole model, forward and backward, as loops in double precision.
/// </summary>
/// <remarks>Gradients are the derivatives of dLogits · logits; they do not accumulate over calls.</remarks>
public sealed class TransformerOracle
{
    readonly TransformerConfig _config;
    readonly NamedWeights _weights;
    readonly List<Matrix> _stream = [], _dStream = [];
    Embedding? _embedding;
    List<Stage> _subLayers = [];
    Stage? _decoder;

    /// <summary>A model with these weights, by the names of <see cref="Parameters.Layout"/>; each Forward reads them.</summary>
    public TransformerOracle(TransformerConfig config, IReadOnlyDictionary<string, double[]> weights)
    {
        foreach (var info in Parameters.Layout(config))
        {
            Assert.Equal(info.Length, weights[info.Name].Length);
        }

        _config = config;
        _weights = new(weights);
    }

    /// <summary>What the encoder of cells read: (tables · rows · groups, inputs).</summary>
    public Matrix CellInputs => _embedding!.CellInputs;

    /// <summary>What the encoder of labels read: (tables · rows, inputs).</summary>
    public Matrix LabelInputs => _embedding!.LabelInputs;

    /// <summary>
    /// The residual stream as the layers find it, then after each sub-layer, three a layer: (tables · rows · tokens, width),
    /// the thinking rows first in each table.
    /// </summary>
    public IReadOnlyList<Matrix> Stream => _stream;

    /// <summary>The gradients of <see cref="Stream"/>; the first is that of the embedded tokens.</summary>
    public IReadOnlyList<Matrix> StreamGradients => _dStream;

    /// <summary>Logits (tables · query rows, classes).</summary>
    public Matrix Forward(OracleEpisode episode)
    {
        var grid = new TokenGrid(
            episode.Tables, _config.ThinkingRows, episode.ContextRows, episode.QueryRows, _config.Tokens(episode.Columns));
        _embedding = new(_config, _weights, episode, grid);
        _subLayers = [.. Enumerable.Range(0, _config.Layers).SelectMany(layer => Layer($"transformer_blocks.{layer}", grid))];
        _decoder = Decoder(grid);

        _stream.Clear();
        _stream.Add(_embedding.Forward());
        foreach (var subLayer in _subLayers)
        {
            _stream.Add(subLayer.Forward(_stream[^1]));
        }

        return _decoder.Forward(_stream[^1]);
    }

    /// <summary>The gradients of every weight, by name, and of the cells, given that of the last Forward's logits.</summary>
    public (IReadOnlyDictionary<string, double[]> Weights, double[] Cells) Backward(double[] dLogits)
    {
        _weights.ClearGradients();
        _dStream.Clear();
        _dStream.Add(_decoder!.Backward(new(dLogits.Length / _config.Classes, _config.Classes, dLogits)));
        foreach (var subLayer in Enumerable.Reverse(_subLayers))
        {
            _dStream.Insert(0, subLayer.Backward(_dStream[0]));
        }

        return (_weights.Gradients, _embedding!.Backward(_dStream[0]));
    }

    // Columns, then rows, then the perceptron.
    Stage[] Layer(string block, TokenGrid grid) =>
    [
        new Residual(
            Attention($"{block}.self_attention_between_features", AttentionStage.BetweenColumns(grid)),
            Norm($"{block}.norm1"), _config.NormBefore),
        new Residual(
            Attention($"{block}.self_attention_between_datapoints", AttentionStage.BetweenRows(grid, _config.MultiQuery)),
            Norm($"{block}.norm2"), _config.NormBefore),
        new Residual(
            Perceptron(block, _config.Width, _config.Biases), Norm($"{block}.norm3"), _config.NormBefore),
    ];

    Chain Decoder(TokenGrid grid)
    {
        var read = new DecoderRead(_config, grid);
        var perceptron = Perceptron("decoder", _config.Classes, biases: true);
        return _config.NormBefore ? new Chain(Norm("decoder.norm"), read, perceptron) : new Chain(read, perceptron);
    }

    Chain Attention(string name, IReadOnlyList<AttentionProblem> problems) => new(
        new Projection(_weights, $"{name}.in_proj_weight", _config.Biases ? $"{name}.in_proj_bias" : null, 3 * _config.Width),
        new AttentionStage(_config, problems),
        new Projection(_weights, $"{name}.out_proj.weight", _config.Biases ? $"{name}.out_proj.bias" : null, _config.Width));

    Chain Perceptron(string name, int outputs, bool biases) => new(
        new Projection(_weights, $"{name}.linear1.weight", biases ? $"{name}.linear1.bias" : null, _config.Hidden),
        new GeluStage(),
        new Projection(_weights, $"{name}.linear2.weight", biases ? $"{name}.linear2.bias" : null, outputs));

    Normalization Norm(string name) => new(_config, _weights, name);
}
