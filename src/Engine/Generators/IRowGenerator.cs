using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>Makes synthetic rows of a labelled table: first it sees the rows it may see, then it draws.</summary>
/// <remarks>
/// Every generator takes every table that a <see cref="ClassificationTask"/> can be: numbers, whole numbers, dates, names, yes and no,
/// missing cells, and classes of very few rows. Its rows have the task's columns, kinds and levels; whole numbers stay whole.
/// </remarks>
public interface IRowGenerator
{
    /// <summary>What the generator is called on the command line and in reports, such as "smote".</summary>
    string Name { get; }

    /// <summary>Learns from all rows of <paramref name="rows"/>.</summary>
    /// <param name="rows">The training rows, and nothing else of the table.</param>
    /// <param name="seed">The seed of everything that learning draws.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default);
}

/// <summary>A generator that has seen its rows.</summary>
public interface IFittedGenerator
{
    /// <summary>Draws <c>rowsOfClass[k]</c> rows of each class k, in the order of the classes; a row depends on the seed and its number alone.</summary>
    /// <param name="rowsOfClass">How many rows of each class, in the order of the task's classes.</param>
    /// <param name="seed">The seed of the rows; another gives other rows.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>A table with the columns of <see cref="ClassificationTask.Table"/>, the target last.</returns>
    Table Sample(
        IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default);
}
