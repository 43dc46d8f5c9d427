using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Class probabilities of query rows from a <see cref="TabularTransformer"/>, which it borrows.</summary>
public sealed class TransformerPredictor(TabularTransformer model) : IDisposable
{
    readonly SoftmaxCrossEntropy _crossEntropy = SoftmaxCrossEntropy.On(model.Device);
    readonly Workspace _workspace = new(model.Device);

    /// <summary>Probabilities (tables · query rows, <paramref name="classes"/>), row-major; each row sums to 1.</summary>
    public float[] Probabilities(EpisodeBatch batch, int classes)
    {
        _workspace.Reset();
        var logits = model.Forward(batch, _workspace);
        var probabilities = _workspace.Take(logits.Rows, logits.Width);
        using var classArray = model.Device.Allocate<int>([.. Enumerable.Repeat(classes, batch.Tables)]);
        _crossEntropy.Probabilities(logits, classArray, probabilities);

        var all = probabilities.ToArray();
        var first = new float[logits.Rows * classes];
        for (int row = 0; row < logits.Rows; row++)
        {
            all.AsSpan(row * logits.Width, classes).CopyTo(first.AsSpan(row * classes));
        }

        return first;
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
