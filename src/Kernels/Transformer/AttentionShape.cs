using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Which tokens attend to which: <paramref name="Outer"/> · <paramref name="Inner"/> separate problems.</summary>
/// <remarks>
/// In problem (o, i), query s is token <c>(o · Queries + s) · Inner + i</c> and key j is token
/// <c>(o · Keys + j) · Inner + i</c>. So with tokens ordered (tables, rows, columns), attention over the columns of each
/// row has Outer = rows and Inner = 1, and attention over the rows of each column has Outer = tables, Inner = columns:
/// the same operation, no transposed copy.
/// </remarks>
/// <param name="Outer">Groups of tokens that lie together.</param>
/// <param name="Inner">Problems interleaved in a group.</param>
/// <param name="Queries">Queries of a problem.</param>
/// <param name="Keys">Keys and values of a problem; all its queries see all of them.</param>
/// <param name="Heads">Heads; each owns width / Heads adjacent elements.</param>
/// <param name="FirstKeyHead">
/// Whether all heads of the queries attend to the keys and values of head 0 alone (Shazeer (2019), multi-query attention);
/// those of the other heads are not read, and their gradient is zero. A row of keys and values may then hold that head alone.
/// </param>
public readonly record struct AttentionShape(
    int Outer, int Inner, int Queries, int Keys, int Heads, bool FirstKeyHead = false)
{
    /// <summary>Query tokens of all problems.</summary>
    public int QueryTokens => Outer * Inner * Queries;

    /// <summary>Key tokens of all problems.</summary>
    public int KeyTokens => Outer * Inner * Keys;

    // Sets of keys that have queries of their own: a problem and one of its heads, or with FirstKeyHead a problem.
    internal int KeySets => Outer * Inner * (FirstKeyHead ? 1 : Heads);

    // Queries of a set of keys; with FirstKeyHead every head's query counts as one.
    internal int QueriesOfSet => FirstKeyHead ? Queries * Heads : Queries;
}

/// <summary>Where the keys of one set lie, and the queries that attend to them.</summary>
/// <remarks>A query's slot is <c>token · Heads + head</c>: its element of logSumExp, and times headWidth that of q and o.</remarks>
readonly struct AttentionKeySet
{
    readonly AttentionShape _shape;
    readonly long _firstToken, _firstKeyToken;
    readonly int _head;

    internal AttentionKeySet(in AttentionShape shape, Tensor queries, Tensor keyValue, int set)
    {
        int heads = shape.FirstKeyHead ? 1 : shape.Heads, problem = set / heads;
        int outer = problem / shape.Inner, inner = problem % shape.Inner;
        _shape = shape;
        _head = set % heads;
        _firstToken = (long)outer * shape.Queries * shape.Inner + inner;
        _firstKeyToken = (long)outer * shape.Keys * shape.Inner + inner;
        HeadWidth = queries.Width / shape.Heads;
        KeyWidth = keyValue.Width / 2;
    }

    internal int HeadWidth { get; }

    // A row of keys and values has this many elements of each, the keys first: all heads' or, with FirstKeyHead, head 0's alone.
    internal int KeyWidth { get; }

    internal long FirstKey => _firstKeyToken * 2 * KeyWidth + _head * HeadWidth;

    internal nint KeyStride => (nint)_shape.Inner * 2 * KeyWidth;

    // With FirstKeyHead a token's heads follow each other, so that their queries are read in the order they lie.
    internal long Slot(int query) =>
        _shape.FirstKeyHead
            ? (_firstToken + (long)(query / _shape.Heads) * _shape.Inner) * _shape.Heads + query % _shape.Heads
            : (_firstToken + (long)query * _shape.Inner) * _shape.Heads + _head;
}
