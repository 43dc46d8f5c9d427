namespace CausalMixFT.Engine.Generators;

/// <summary>The real rows of a tree, leaf by leaf.</summary>
sealed class ForestLeaves
{
    readonly int[] _starts, _rows;

    /// <summary>Puts rows together by their leaf.</summary>
    /// <param name="leafOfRow">The leaf of each real row.</param>
    /// <param name="nodes">Nodes of the tree.</param>
    public ForestLeaves(int[] leafOfRow, int nodes)
    {
        LeafOfRow = leafOfRow;
        _starts = new int[nodes + 1];
        foreach (int leaf in leafOfRow)
        {
            _starts[leaf + 1]++;
        }

        for (int node = 0; node < nodes; node++)
        {
            _starts[node + 1] += _starts[node];
        }

        _rows = new int[leafOfRow.Length];
        var next = _starts.AsSpan(0, nodes).ToArray();
        for (int row = 0; row < leafOfRow.Length; row++)
        {
            _rows[next[leafOfRow[row]]++] = row;
        }
    }

    /// <summary>The leaf of each real row.</summary>
    public int[] LeafOfRow { get; }

    /// <summary>The rows of a leaf, rising; none of a split.</summary>
    public ReadOnlySpan<int> RowsOf(int leaf) => _rows.AsSpan(_starts[leaf], _starts[leaf + 1] - _starts[leaf]);
}
