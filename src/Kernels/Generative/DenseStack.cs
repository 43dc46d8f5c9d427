using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>Linear layers with rectifiers between them: <c>y = L_n relu(… relu(L_1 x))</c>.</summary>
/// <param name="device">Where it runs.</param>
/// <param name="name">The layers are <c>name.0</c>, <c>name.1</c>, …</param>
/// <param name="widths">Inputs, then what each layer gives.</param>
sealed class DenseStack(ComputeDevice device, string name, IReadOnlyList<int> widths)
{
    readonly Linear _linear = Linear.On(device);
    readonly LeakyRelu _relu = LeakyRelu.On(device);
    readonly Tensor[] _inputs = new Tensor[widths.Count - 1], _slopes = new Tensor[widths.Count - 1];

    int Layers => widths.Count - 1;

    /// <summary>Names, shapes and order of the layers' weights.</summary>
    internal IEnumerable<(string Name, int Rows, int Width)> Layout =>
        Enumerable.Range(0, Layers).SelectMany(i => WeightBlock.Linear($"{name}.{i}", widths[i], widths[i + 1]));

    /// <summary>The outputs (rows, last width); what the backward pass needs is kept until the next call.</summary>
    internal Tensor Forward(WeightBlock weights, Tensor x, Workspace workspace)
    {
        for (int i = 0; i < Layers; i++)
        {
            _inputs[i] = x;
            var y = workspace.Take(x.Rows, widths[i + 1]);
            _linear.Forward(x, weights.Weight($"{name}.{i}.weight"), weights.Weight($"{name}.{i}.bias"), y);
            if (i < Layers - 1)
            {
                _slopes[i] = workspace.Take(y.Rows, y.Width);
                _relu.Forward(y, null, leak: 0, y, _slopes[i]);
            }

            x = y;
        }

        return x;
    }

    /// <summary>Adds to the weights' gradients; gives dx where it <paramref name="reaches"/> further, else null.</summary>
    internal Tensor? Backward(WeightBlock weights, Tensor dy, bool reaches, Workspace workspace)
    {
        for (int i = Layers - 1; i >= 0; i--)
        {
            Tensor dWeight = weights.Gradient($"{name}.{i}.weight"), dBias = weights.Gradient($"{name}.{i}.bias");
            if (i == 0 && !reaches)
            {
                _linear.BackwardWeights(dy, _inputs[0], dWeight, dBias);
                return null;
            }

            var dx = workspace.Take(dy.Rows, widths[i]);
            _linear.Backward(dy, _inputs[i], weights.Weight($"{name}.{i}.weight"), dx, dWeight, dBias);
            if (i > 0)
            {
                _relu.Backward(dx, _slopes[i - 1], dx);
            }

            dy = dx;
        }

        return dy;
    }
}
