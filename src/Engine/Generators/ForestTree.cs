namespace CausalMixFT.Engine.Generators;

/// <summary>A tree that tells real rows from made-up ones; its nodes are an array with the root first.</summary>
/// <remarks>
/// Leaves are boxes: a range of codes of each numeric column, a set of codes of each discrete one. <see cref="ForestGrowth"/> grows it.
/// </remarks>
sealed class ForestTree
{
    /// <summary>The split column of a leaf.</summary>
    public const int None = -1;

    readonly List<Node> _nodes = [];
    readonly List<CodeSet> _sets = [];

    /// <summary>A split or a leaf.</summary>
    /// <param name="Column">The split's column, or <see cref="None"/>.</param>
    /// <param name="Cut">Codes up to this go left; of a discrete column, the place of the set of codes that do.</param>
    /// <param name="Left">The node on the left.</param>
    /// <param name="Right">The node on the right.</param>
    /// <param name="IsSet">Whether the split is by a set.</param>
    /// <param name="RealShare">The share of real rows among those that grew the node.</param>
    internal readonly record struct Node(int Column, int Cut, int Left, int Right, bool IsSet, float RealShare);

    /// <summary>Codes, one bit each.</summary>
    internal readonly record struct CodeSet(ulong A, ulong B, ulong C, ulong D)
    {
        public static CodeSet Of(ReadOnlySpan<int> codes)
        {
            Span<ulong> words = stackalloc ulong[4];
            words.Clear();
            foreach (int code in codes)
            {
                words[code >> 6] |= 1UL << code;
            }

            return new(words[0], words[1], words[2], words[3]);
        }

        public bool Contains(int code) => ((code >> 6) switch { 0 => A, 1 => B, 2 => C, _ => D } >> code & 1) != 0;
    }

    /// <summary>Nodes, splits and leaves.</summary>
    public int Count => _nodes.Count;

    /// <summary>The nodes.</summary>
    internal IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Whether a node is a leaf.</summary>
    public bool IsLeaf(int node) => _nodes[node].Column == None;

    /// <summary>The share of real rows among those that grew a leaf.</summary>
    public float RealShare(int leaf) => _nodes[leaf].RealShare;

    /// <summary>Adds a leaf and gives its number.</summary>
    public int AddLeaf(float realShare)
    {
        _nodes.Add(new(None, 0, 0, 0, false, realShare));
        return _nodes.Count - 1;
    }

    /// <summary>Turns a leaf into a split of numbers: codes up to <paramref name="cut"/> go left.</summary>
    public void Split(int node, int column, int cut, int left, int right) =>
        _nodes[node] = _nodes[node] with { Column = column, Cut = cut, Left = left, Right = right };

    /// <summary>Turns a leaf into a split by a set of codes, which go left.</summary>
    public void Split(int node, int column, CodeSet codes, int left, int right)
    {
        _sets.Add(codes);
        _nodes[node] = _nodes[node] with { Column = column, Cut = _sets.Count - 1, Left = left, Right = right, IsSet = true };
    }

    /// <summary>The leaf that a row falls into.</summary>
    /// <param name="codes">The codes of each column.</param>
    /// <param name="row">The row.</param>
    public int LeafOf(byte[][] codes, int row)
    {
        int at = 0;
        while (_nodes[at] is { Column: not None } node)
        {
            at = GoesLeft(node, codes[node.Column][row]) ? node.Left : node.Right;
        }

        return at;
    }

    /// <summary>Whether a code goes left at a split.</summary>
    internal bool GoesLeft(in Node node, int code) => node.IsSet ? _sets[node.Cut].Contains(code) : code <= node.Cut;

    /// <summary>The leaf of each of the first <paramref name="rows"/> rows.</summary>
    public int[] LeavesOf(byte[][] codes, int rows)
    {
        var leaves = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            leaves[row] = LeafOf(codes, row);
        }

        return leaves;
    }

    /// <summary>Takes out leaves that fewer than <paramref name="fewest"/> of some rows fall into.</summary>
    /// <remarks>
    /// The node beside such a leaf takes the place of both, so that its rows go there; two such leaves become one (which arfpy takes out
    /// in any case). What is left has at least so many rows in each leaf, unless all rows are fewer.
    /// </remarks>
    public void Prune(ReadOnlySpan<int> leafOfRow, int fewest)
    {
        var counts = new int[_nodes.Count];
        foreach (int leaf in leafOfRow)
        {
            counts[leaf]++;
        }

        // Children follow their parent in the array, so that from the end all are dealt with before it.
        for (int at = _nodes.Count - 1; at >= 0; at--)
        {
            if (_nodes[at] is not { Column: not None } node)
            {
                continue;
            }

            bool leftIsSmall = IsSmall(node.Left), rightIsSmall = IsSmall(node.Right);
            counts[at] = counts[node.Left] + counts[node.Right];
            if (leftIsSmall && rightIsSmall)
            {
                _nodes[at] = new(None, 0, 0, 0, false, node.RealShare);
            }
            else if (leftIsSmall || rightIsSmall)
            {
                _nodes[at] = _nodes[leftIsSmall ? node.Right : node.Left];
            }
        }

        bool IsSmall(int node) => IsLeaf(node) && counts[node] < fewest;
    }
}
