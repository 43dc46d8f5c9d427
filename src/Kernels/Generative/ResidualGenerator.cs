using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// CTGAN's generator up to its outputs' activation: <c>h ← [h | relu(norm(L h))]</c> for each hidden layer, then a linear layer.
/// </summary>
/// <remarks>
/// Xu et al. (2019), section 4.4. Shapes: x is (rows, inputs), noise and then the condition; outputs are (rows, outputs). Weights are
/// layer.i, norm.i and output; the norms' running statistics are mean.i and variance.i beside them, which no gradient moves.
/// </remarks>
sealed class ResidualGenerator : IDisposable
{
    // PyTorch's default share of a batch in the running statistics.
    internal const float BatchShare = 0.1f;

    readonly int _inputs, _outputs;
    readonly IReadOnlyList<int> _hidden;
    readonly Linear _linear;
    readonly LeakyRelu _relu;
    readonly BatchNorm _norm;
    readonly ColumnCopy _columns;
    readonly Tensor[] _read, _normalized, _rstd, _slopes;

    internal ResidualGenerator(ComputeDevice device, int inputs, IReadOnlyList<int> hidden, int outputs)
    {
        (_inputs, _hidden, _outputs) = (inputs, hidden, outputs);
        _linear = Linear.On(device);
        _relu = LeakyRelu.On(device);
        _norm = BatchNorm.On(device);
        _columns = ColumnCopy.On(device);
        _read = new Tensor[hidden.Count + 1];
        (_normalized, _rstd, _slopes) = (new Tensor[hidden.Count], new Tensor[hidden.Count], new Tensor[hidden.Count]);
        Weights = new(device, Layout(inputs, hidden, outputs));
        Statistics = new(device, hidden.SelectMany((width, i) =>
            new[] { ($"mean.{i}", 1, width), ($"variance.{i}", 1, width) }));
        Statistics.Initialize(default, name => name.StartsWith("variance", StringComparison.Ordinal) ? 1 : 0);
    }

    internal WeightBlock Weights { get; }

    internal WeightBlock Statistics { get; }

    static IEnumerable<(string Name, int Rows, int Width)> Layout(int inputs, IReadOnlyList<int> hidden, int outputs)
    {
        for (int i = 0; i < hidden.Count; inputs += hidden[i++])
        {
            foreach (var weight in WeightBlock.Linear($"layer.{i}", inputs, hidden[i]))
            {
                yield return weight;
            }

            yield return ($"norm.{i}.weight", 1, hidden[i]);
            yield return ($"norm.{i}.bias", 1, hidden[i]);
        }

        foreach (var weight in WeightBlock.Linear("output", inputs, outputs))
        {
            yield return weight;
        }
    }

    /// <summary>
    /// The outputs: normalised by the batch, whose share moves the running statistics, or by these where the share is null.
    /// </summary>
    internal Tensor Forward(Tensor x, float? share, Workspace workspace)
    {
        for (int i = 0; i < _hidden.Count; i++)
        {
            _read[i] = x;
            int width = _hidden[i];
            var activated = workspace.Take(x.Rows, width);
            _slopes[i] = workspace.Take(x.Rows, width);
            _linear.Forward(x, Weights.Weight($"layer.{i}.weight"), Weights.Weight($"layer.{i}.bias"), activated);
            Normalize(i, activated, share, workspace);
            _relu.Forward(activated, null, leak: 0, activated, _slopes[i]);
            var joined = workspace.Take(x.Rows, x.Width + width);
            _columns.Copy(x, 0, joined, 0, x.Width);
            _columns.Copy(activated, 0, joined, x.Width, width);
            x = joined;
        }

        _read[^1] = x;
        var outputs = workspace.Take(x.Rows, _outputs);
        _linear.Forward(x, Weights.Weight("output.weight"), Weights.Weight("output.bias"), outputs);
        return outputs;
    }

    void Normalize(int layer, Tensor x, float? share, Workspace workspace)
    {
        Tensor weight = Weights.Weight($"norm.{layer}.weight"), bias = Weights.Weight($"norm.{layer}.bias");
        Tensor mean = Statistics.Weight($"mean.{layer}"), variance = Statistics.Weight($"variance.{layer}");
        if (share is { } moved)
        {
            (_normalized[layer], _rstd[layer]) = (workspace.Take(x.Rows, x.Width), workspace.Take(1, x.Width));
            _norm.Forward(x, weight, bias, mean, variance, moved, x, _normalized[layer], _rstd[layer]);
        }
        else
        {
            _norm.Infer(x, weight, bias, mean, variance, x);
        }
    }

    /// <summary>Adds to the weights' gradients of the last batch.</summary>
    internal void Backward(Tensor dOutputs, Workspace workspace)
    {
        var dRead = workspace.Take(dOutputs.Rows, _read[^1].Width);
        _linear.Backward(
            dOutputs, _read[^1], Weights.Weight("output.weight"), dRead, Weights.Gradient("output.weight"),
            Weights.Gradient("output.bias"));
        for (int i = _hidden.Count - 1; i >= 0; i--)
        {
            int width = _hidden[i], inputs = _read[i].Width;
            var dActivated = workspace.Take(dOutputs.Rows, width);
            _columns.Copy(dRead, inputs, dActivated, 0, width);
            _relu.Backward(dActivated, _slopes[i], dActivated);
            _norm.Backward(
                dActivated, _normalized[i], _rstd[i], Weights.Weight($"norm.{i}.weight"), dActivated,
                Weights.Gradient($"norm.{i}.weight"), Weights.Gradient($"norm.{i}.bias"));
            Tensor dWeight = Weights.Gradient($"layer.{i}.weight"), dBias = Weights.Gradient($"layer.{i}.bias");
            if (i == 0)
            {
                _linear.BackwardWeights(dActivated, _read[0], dWeight, dBias);
                return;
            }

            var dInputs = workspace.Take(dOutputs.Rows, inputs);
            _columns.Copy(dRead, 0, dInputs, 0, inputs);
            _linear.Backward(
                dActivated, _read[i], Weights.Weight($"layer.{i}.weight"), dInputs, dWeight, dBias, accumulate: true);
            dRead = dInputs;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        Statistics.Dispose();
    }
}
