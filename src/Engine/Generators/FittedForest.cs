using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Draws rows from the leaves of an adversarial random forest.</summary>
sealed class FittedForest : IFittedGenerator
{
    const int RowBlock = 1024;

    // The stream of a row's leaf; that of column c is c + 1.
    const uint LeafStream = 0;

    const float OpenUnit = 1f / (1 << 23);

    readonly ForestColumn[] _columns;
    readonly ForestDensity[] _trees;
    readonly ForestOptions _options;
    readonly int[][] _rowsOfClass;

    public FittedForest(
        ForestColumn[] columns, ForestDensity[] trees, ClassificationTask task, ForestOptions options, IReadOnlyList<double> accuracies)
    {
        (_columns, _trees, _options, Accuracies) = (columns, trees, options, accuracies);
        int[] all = [.. Enumerable.Range(0, task.Rows)];
        int[][] own = [.. task.ClassNames.Select((_, k) => all.Where(row => task.Labels[row] == k).ToArray())];
        _rowsOfClass = [.. own.Select(rows => rows.Length > 0 ? rows : all)];
    }

    /// <summary>The out-of-bag accuracy of each forest that was grown.</summary>
    public IReadOnlyList<double> Accuracies { get; }

    /// <inheritdoc/>
    public Table Sample(
        IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rowsOfClass);
        int rows = rowsOfClass.Sum(), first = 0, done = 0;
        var cells = new double[_columns.Length][];
        for (int column = 0; column < cells.Length; column++)
        {
            cells[column] = new double[rows];
        }

        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _options.Threads ?? Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        for (int k = 0; k < rowsOfClass.Count; k++)
        {
            int count = rowsOfClass[k], label = k, start = first;
            var random = new Philox(seed).Branch((uint)k);
            Parallel.For(0, (count + RowBlock - 1) / RowBlock, parallel, block =>
            {
                for (int row = block * RowBlock; row < Math.Min((block + 1) * RowBlock, count); row++)
                {
                    Draw(random, (uint)row, label, start + row, cells);
                }

                progress?.Report((double)Interlocked.Add(ref done, Math.Min(RowBlock, count - block * RowBlock)) / rows);
            });
            first += count;
        }

        return new([.. _columns.Select((column, c) => column.With(cells[c]))]);
    }

    // Row number `row` of a class, into place `at`: a real row of the class and a tree name the leaf.
    void Draw(Philox random, uint row, int label, int at, double[][] cells)
    {
        var (tree, member, _, _) = random.Block(row, LeafStream, 0, 0);
        var density = _trees[Below(_trees.Length, tree)];
        var ownRows = _rowsOfClass[label];
        int leaf = density.Leaves.LeafOfRow[ownRows[Below(ownRows.Length, member)]];
        var rows = density.Leaves.RowsOf(leaf);
        int target = _columns.Length - 1;
        for (int c = 0; c < target; c++)
        {
            var (pick, within, _, _) = random.Block(row, (uint)c + 1, 0, 0);
            int from = rows[Below(rows.Length, pick)];
            var column = _columns[c];
            cells[c][at] = column.IsSmooth[from]
                ? column.OnGrid(density.Normal(leaf, c).Quantile(((within >> 9) + 0.5f) * OpenUnit))
                : column.Values[from];
        }

        cells[target][at] = label;
    }

    // A whole number below a count, from a random word (Lemire's multiply and shift).
    static int Below(int count, uint word) => (int)(((ulong)word * (uint)count) >> 32);
}
