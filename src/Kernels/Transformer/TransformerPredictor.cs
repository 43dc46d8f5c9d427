using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Class probabilities of query rows from a <see cref="TabularTransformer"/>, which it borrows.</summary>
public sealed class TransformerPredictor(TabularTransformer model) : IDisposable
{
    // Activations of query rows are about a kilobyte a cell: so many at once stay in tens of megabytes.
    const int MostCells = 30_000;

    readonly SoftmaxCrossEntropy _crossEntropy = SoftmaxCrossEntropy.On(model.Device);
    readonly Workspace _workspace = new(model.Device);

    /// <summary>Reads the context of each table once, then any number of query rows, a block of them at a time.</summary>
    /// <param name="context">Tables with context rows alone.</param>
    /// <param name="rows">Query rows of each table.</param>
    /// <param name="cells">Their cells (tables, rows, columns).</param>
    /// <param name="classes">So many logits take part.</param>
    /// <returns>Probabilities (tables, rows, classes), row-major; each row sums to 1.</returns>
    public float[] Probabilities(EpisodeBatch context, int rows, ReadOnlyMemory<float> cells, int classes)
    {
        using var memory = model.Remember(WithQuery(context, rows, cells), _workspace);
        using var classArray = model.Device.Allocate<int>([.. Enumerable.Repeat(classes, context.Tables)]);
        var probabilities = new float[context.Tables * rows * classes];
        int block = context.Tables > 1 ? Math.Max(rows, 1) : Math.Max(16, MostCells / (context.Columns + 1));
        for (int start = 0; start < rows; start += block)
        {
            int count = Math.Min(block, rows - start), cellsPerBlock = context.Tables * count * context.Columns;
            var logits = model.Predict(memory, count, cells.Slice(start * context.Columns, cellsPerBlock), _workspace);
            var all = _workspace.Take(logits.Rows, logits.Width);
            _crossEntropy.Probabilities(logits, classArray, all);
            var host = all.ToArray();
            for (int row = 0; row < logits.Rows; row++)
            {
                host.AsSpan(row * logits.Width, classes).CopyTo(probabilities.AsSpan((start + row) * classes));
            }
        }

        return probabilities;
    }

    // TabPFN v2 looks at the query rows, too, for which columns are constant.
    EpisodeBatch WithQuery(EpisodeBatch context, int rows, ReadOnlyMemory<float> cells)
    {
        if (model.Config.Cells != CellEncoding.Indicated)
        {
            return context;
        }

        var all = new float[context.Cells.Length + cells.Length];
        int ofContext = context.ContextRows * context.Columns, ofQuery = rows * context.Columns;
        for (int table = 0; table < context.Tables; table++)
        {
            var target = all.AsSpan(table * (ofContext + ofQuery));
            context.Cells.Span.Slice(table * ofContext, ofContext).CopyTo(target);
            cells.Span.Slice(table * ofQuery, ofQuery).CopyTo(target[ofContext..]);
        }

        return new(context.Tables, context.ContextRows, rows, context.Columns, all, context.ContextLabels);
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
