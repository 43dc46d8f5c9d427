using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// y = x̂ · weight + bias: of the layer norm x̂ = (x − μ) / √(σ² + 1e-5), of the root mean square norm
/// x̂ = x / √(mean x² + 1.1920929e-7), which has no bias; without weights y = x̂.
/// </summary>
/// <remarks>The constants are PyTorch's: layer_norm's default, and a float's spacing at 1 for RMSNorm without an eps.</remarks>
sealed class Normalization(TransformerConfig config, NamedWeights weights, string name) : Stage
{
    const double LayerNormEpsilon = 1e-5, RmsNormEpsilon = 1.1920928955078125e-07;

    readonly bool _centred = config.Norm == NormKind.LayerNorm;
    Matrix _normalized = new(0, 0);
    double[] _scale = [];

    public override Matrix Forward(Matrix x)
    {
        _normalized = new(x.Rows, x.Width);
        _scale = new double[x.Rows];
        var y = new Matrix(x.Rows, x.Width);
        for (int row = 0; row < x.Rows; row++)
        {
            double[] values = x.Row(row).ToArray();
            double mean = _centred ? values.Average() : 0;
            double square = values.Average(v => (v - mean) * (v - mean));
            _scale[row] = 1 / Math.Sqrt(square + (_centred ? LayerNormEpsilon : RmsNormEpsilon));
            for (int i = 0; i < x.Width; i++)
            {
                _normalized[row, i] = (values[i] - mean) * _scale[row];
                y[row, i] = _normalized[row, i] * Weight(i) + Bias(i);
            }
        }

        return y;
    }

    public override Matrix Backward(Matrix dy)
    {
        var dx = new Matrix(dy.Rows, dy.Width);
        for (int row = 0; row < dy.Rows; row++)
        {
            double mean = 0, along = 0;
            for (int i = 0; i < dy.Width; i++)
            {
                AddToGradients(i, dy[row, i], _normalized[row, i]);
                double d = dy[row, i] * Weight(i);
                mean += d / dy.Width;
                along += d * _normalized[row, i] / dy.Width;
            }

            for (int i = 0; i < dy.Width; i++)
            {
                double d = dy[row, i] * Weight(i) - (_centred ? mean : 0) - _normalized[row, i] * along;
                dx[row, i] = _scale[row] * d;
            }
        }

        return dx;
    }

    double Weight(int i) => config.AffineNorm ? weights.Weight(name + ".weight")[i] : 1;

    double Bias(int i) => config.AffineNorm && _centred ? weights.Weight(name + ".bias")[i] : 0;

    void AddToGradients(int i, double dy, double normalized)
    {
        if (config.AffineNorm)
        {
            weights.Gradient(name + ".weight")[i] += dy * normalized;
            if (_centred)
            {
                weights.Gradient(name + ".bias")[i] += dy;
            }
        }
    }
}
