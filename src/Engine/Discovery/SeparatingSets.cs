namespace CausalMixFT.Engine.Discovery;

/// <summary>Variables that make a pair independent: x ⟂ y | given.</summary>
/// <param name="X">The smaller index of the pair.</param>
/// <param name="Y">The larger index of the pair.</param>
/// <param name="Given">The separating variables, ascending.</param>
/// <param name="PValue">The p-value of the (first) test that separated them.</param>
public sealed record SeparatingSet(int X, int Y, IReadOnlyList<int> Given, double PValue);

/// <summary>The separating set of each pair that a search found independent.</summary>
public sealed class SeparatingSets
{
    readonly SortedDictionary<(int X, int Y), SeparatingSet> _sets = [];

    /// <summary>Makes the collection of <paramref name="sets"/>.</summary>
    public SeparatingSets(params IEnumerable<SeparatingSet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        foreach (var set in sets)
        {
            Add(set);
        }
    }

    /// <summary>All sets, by pair.</summary>
    public IReadOnlyCollection<SeparatingSet> All => _sets.Values;

    /// <summary>The set that separates the pair, in either order, or null when none was found.</summary>
    public SeparatingSet? Of(int x, int y) => _sets.GetValueOrDefault((Math.Min(x, y), Math.Max(x, y)));

    internal void Add(SeparatingSet set) => _sets[(set.X, set.Y)] = set;
}
