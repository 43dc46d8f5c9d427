using System.Numerics.Tensors;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>What a <see cref="TabularTransformer"/>, which it borrows, says of query rows: a context is read once, then any number of them.</summary>
public sealed class TransformerPredictor(TabularTransformer model) : IDisposable
{
    // Activations of query rows are about a kilobyte a cell: so many at once stay in tens of megabytes.
    const int MostCells = 30_000, FewestRows = 16;

    readonly Devices.Workspace _workspace = new(model.Device);

    /// <summary>Most query rows at once, where memory is short; null for as many as do not matter.</summary>
    public int? MostRows { get; init; }

    /// <summary>So many query rows of a table of so many columns are predicted at once, unless <see cref="MostRows"/> says otherwise.</summary>
    public static int UsualBlockRows(int columns) => Math.Max(FewestRows, MostCells / (columns + 1));

    /// <summary>Logits (tables, query rows, outputs) of the query rows of a batch, row-major, a block of rows at a time.</summary>
    public float[] Logits(EpisodeBatch batch)
    {
        using var memory = model.Remember(batch, _workspace);
        int rows = batch.QueryRows, outputs = model.Config.Classes;
        var cells = batch.QueryCells();
        var logits = new float[batch.Tables * rows * outputs];
        int block = batch.Tables > 1 ? Math.Max(rows, 1) : MostRows ?? UsualBlockRows(batch.Columns);
        for (int start = 0; start < rows; start += block)
        {
            int count = Math.Min(block, rows - start);
            var of = cells.AsMemory(start * batch.Columns, batch.Tables * count * batch.Columns);
            model.Predict(memory, count, of, _workspace).ToArray().CopyTo(logits.AsSpan(start * outputs));
        }

        return logits;
    }

    /// <summary>Probabilities (tables, query rows, classes) of the query rows of a batch, row-major; each row sums to 1.</summary>
    /// <param name="batch">Tables with context and query rows.</param>
    /// <param name="classes">So many outputs take part.</param>
    /// <param name="temperature">Divides the logits.</param>
    public float[] Probabilities(EpisodeBatch batch, int classes, double temperature = 1)
    {
        int outputs = model.Config.Classes, rows = batch.Tables * batch.QueryRows;
        float[] logits = Logits(batch), probabilities = new float[rows * classes];
        for (int row = 0; row < rows; row++)
        {
            var target = probabilities.AsSpan(row * classes, classes);
            TensorPrimitives.Divide(logits.AsSpan(row * outputs, classes), (float)temperature, target);
            TensorPrimitives.SoftMax(target, target);
        }

        return probabilities;
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
