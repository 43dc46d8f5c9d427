namespace CausalMixFT.Engine.Scm;

/// <summary>
/// A mechanism of one's own: X := f(parents, U), evaluated on the host. <see cref="StructuralCausalModel.With"/> puts it into a
/// model.
/// </summary>
/// <remarks>
/// It is called for blocks of rows, from several threads at once, and must be a pure function of its arguments: then any
/// seed, thread count and shard gives the same rows as with built-in mechanisms. What it gives is held in the node's
/// <see cref="Support"/>: the nearest value of a list, or the interval and its grid. A model with one cannot be written to
/// scm.json, which holds data only.
/// </remarks>
public abstract class CustomMechanism : ICausalMechanism
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Writes X for a block of rows.</summary>
    /// <param name="parents">
    /// For each parent, in the node's order, the rows' cells: numbers as in the table, levels as their places.
    /// </param>
    /// <param name="noise">U: a uniform inside (0, 1) for each row.</param>
    /// <param name="values">X, finite: numbers as in the table, levels as their places.</param>
    public abstract void Evaluate(IReadOnlyList<double[]> parents, ReadOnlySpan<double> noise, Span<double> values);
}
