using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Questions of one size: is variable x independent of y, given <see cref="Depth"/> others?</summary>
/// <remarks>Shape of <see cref="Indices"/>: (Count, 2 + Depth), each row x, y and then the given variables.</remarks>
public sealed class QueryBatch(int depth)
{
    readonly List<int> _indices = [];

    /// <summary>Variables given in each question.</summary>
    public int Depth => depth;

    /// <summary>Number of questions.</summary>
    public int Count => _indices.Count / (2 + depth);

    /// <summary>All questions, row by row.</summary>
    public ReadOnlySpan<int> Indices => CollectionsMarshal.AsSpan(_indices);

    /// <summary>x, y and the given variables of one question.</summary>
    public ReadOnlySpan<int> this[int query] => Indices.Slice(query * (2 + depth), 2 + depth);

    /// <summary>Asks whether <paramref name="x"/> and <paramref name="y"/> are independent given <paramref name="given"/>.</summary>
    public void Add(int x, int y, ReadOnlySpan<int> given)
    {
        Debug.Assert(given.Length == depth, "A batch holds questions of one size.");
        _indices.Add(x);
        _indices.Add(y);
        foreach (int variable in given)
        {
            _indices.Add(variable);
        }
    }

    /// <summary>Empties the batch, which keeps its memory.</summary>
    public void Clear() => _indices.Clear();
}
