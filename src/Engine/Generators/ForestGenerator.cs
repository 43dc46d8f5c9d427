using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Adversarial random forests: trees cut the table into boxes within which columns are all but independent.</summary>
/// <remarks>
/// <para>Watson, Blesch, Kapar and Wright, "Adversarial random forests for density estimation and generative modeling" (AISTATS 2023).
/// <see cref="ForestAdversary"/> grows the forest, with the target among its columns. A row is drawn by drawing a leaf, and each cell
/// from what the leaf holds of its column: a level by its frequency, a number from a normal distribution cut to the leaf's bounds.</para>
/// <para>Beyond the paper: a missing cell is as frequent as in the leaf; and numbers that repeat beyond chance
/// (<see cref="RepeatedValues"/>) are drawn as levels are, where a normal distribution would smear a spike at 0 over its neighbours.</para>
/// <para>A row of class k comes from a leaf as likely as rows of class k fall into it, so that counts of classes are exact. A class of one
/// or two rows has their leaves, and so takes after their neighbours; rows of a class that has none are drawn as those of all are.</para>
/// </remarks>
/// <param name="options">Sizes; null for the defaults.</param>
public sealed class ForestGenerator(ForestOptions? options = null) : IRowGenerator
{
    const uint FitPurpose = 0x666F7265; // "fore" in ASCII

    readonly ForestOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "forest";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var task = rows.Subset(_options.MaxRows, seed);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _options.Threads ?? Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        var columns = new ForestColumn[task.Table.Columns.Count];
        Parallel.For(0, columns.Length, parallel, c => columns[c] = ForestColumn.Of(task.Table.Columns[c], _options.KeepsRepeatedValues));
        int done = 0, all = _options.Trees * (_options.MaxRounds + 1);
        var forest = ForestAdversary.Run(
            columns, task.Rows, _options, new Philox(seed).Branch(FitPurpose),
            () => progress?.Report((double)Interlocked.Increment(ref done) / all), cancellation);
        byte[][] codes = [.. columns.Select(column => column.Codes)];
        var trees = new ForestDensity[forest.Trees.Length];
        Parallel.For(0, trees.Length, parallel, t =>
            trees[t] = ForestDensity.Fit(forest.Trees[t], columns, codes, _options.MinRowsPerLeaf));
        progress?.Report(1);
        return new FittedForest(columns, trees, task, _options, forest.Accuracies);
    }
}
