using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Class probabilities of query rows from a <see cref="TabularTransformer"/>, which it borrows.</summary>
/// <remarks>The context is read once, and query rows in chunks, so that memory does not grow with their number.</remarks>
public sealed class TransformerPredictor(TabularTransformer model) : IDisposable
{
    // Activations of a chunk: 24,000 tokens of width 96 are some 120 MB, and enough work for every core.
    const int TokensPerChunk = 24_000;

    readonly SoftmaxCrossEntropy _crossEntropy = SoftmaxCrossEntropy.On(model.Device);
    readonly Workspace _workspace = new(model.Device);

    /// <summary>Probabilities (tables · query rows, <paramref name="classes"/>), row-major; each row sums to 1.</summary>
    public float[] Probabilities(EpisodeBatch batch, int classes)
    {
        using var classArray = model.Device.Allocate<int>([.. Enumerable.Repeat(classes, batch.Tables)]);
        var context = new EpisodeBatch(
            batch.Tables, batch.ContextRows, 0, batch.Columns, batch.Rows(0, batch.ContextRows), batch.ContextLabels);
        using var memory = model.Remember(context, _workspace);

        var result = new float[batch.Tables * batch.QueryRows * classes];
        int chunk = Math.Max(1, TokensPerChunk / (batch.Tables * (batch.Columns + 1)));
        for (int start = 0; start < batch.QueryRows; start += chunk)
        {
            int rows = Math.Min(chunk, batch.QueryRows - start);
            var logits = model.Predict(memory, rows, batch.Rows(batch.ContextRows + start, rows), _workspace);
            var probabilities = _workspace.Take(logits.Rows, logits.Width);
            _crossEntropy.Probabilities(logits, classArray, probabilities);

            float[] all = probabilities.ToArray();
            for (int row = 0; row < logits.Rows; row++)
            {
                int at = row / rows * batch.QueryRows + start + row % rows;
                all.AsSpan(row * logits.Width, classes).CopyTo(result.AsSpan(at * classes));
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
