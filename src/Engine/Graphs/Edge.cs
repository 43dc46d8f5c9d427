namespace CausalMixFT.Engine.Graphs;

/// <summary>An edge with the marks at both ends.</summary>
/// <param name="From">Index of one variable: the cause, where the edge is directed.</param>
/// <param name="To">Index of the other variable: the effect, where the edge is directed.</param>
/// <param name="AtFrom">The mark at <paramref name="From"/>.</param>
/// <param name="AtTo">The mark at <paramref name="To"/>.</param>
public readonly record struct Edge(int From, int To, Endpoint AtFrom, Endpoint AtTo)
{
    /// <summary>Whether this is From --> To.</summary>
    public bool IsDirected => (AtFrom, AtTo) == (Endpoint.Tail, Endpoint.Arrow);

    /// <summary>Whether this is From --- To.</summary>
    public bool IsUndirected => (AtFrom, AtTo) == (Endpoint.Tail, Endpoint.Tail);

    /// <summary>The edge as drawn between names: <c>--></c>, <c>---</c>, <c>&lt;-></c>, <c>o-></c>, <c>o-o</c>.</summary>
    internal string Symbol
    {
        get
        {
            char left = AtFrom switch { Endpoint.Tail => '-', Endpoint.Arrow => '<', _ => 'o' };
            char right = AtTo switch { Endpoint.Tail => '-', Endpoint.Arrow => '>', _ => 'o' };
            return $"{left}-{right}";
        }
    }

    /// <summary>The marks of an edge as drawn between names, or null where the drawing is none.</summary>
    internal static (Endpoint AtFrom, Endpoint AtTo)? MarksOf(ReadOnlySpan<char> symbol)
    {
        if (symbol.Length != 3 || symbol[1] != '-')
        {
            return null;
        }

        Endpoint? left = symbol[0] switch { '-' => Endpoint.Tail, '<' => Endpoint.Arrow, 'o' => Endpoint.Circle, _ => null };
        Endpoint? right = symbol[2] switch { '-' => Endpoint.Tail, '>' => Endpoint.Arrow, 'o' => Endpoint.Circle, _ => null };
        return left is Endpoint atFrom && right is Endpoint atTo ? (atFrom, atTo) : null;
    }
}
