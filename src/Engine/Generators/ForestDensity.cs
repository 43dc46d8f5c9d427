namespace CausalMixFT.Engine.Generators;

/// <summary>What a tree's leaves hold: their real rows, and of each column with a density its normal distribution in each leaf.</summary>
sealed class ForestDensity
{
    readonly TruncatedNormal[] _normals;
    readonly int[] _placeOfLeaf, _placeOfColumn;
    readonly int _smooth;

    ForestDensity(ForestTree tree, ForestLeaves leaves, ForestColumn[] columns)
    {
        Leaves = leaves;
        int[] smooth = [.. Enumerable.Range(0, columns.Length).Where(column => columns[column].HasSmooth)];
        _smooth = smooth.Length;
        _placeOfColumn = [.. Enumerable.Range(0, columns.Length).Select(column => Array.IndexOf(smooth, column))];
        int[] found = [.. Enumerable.Range(0, tree.Count).Where(node => leaves.RowsOf(node).Length > 0)];
        _placeOfLeaf = new int[tree.Count];
        _normals = new TruncatedNormal[found.Length * _smooth];
        for (int place = 0; place < found.Length; place++)
        {
            _placeOfLeaf[found[place]] = place;
        }

        Fit(tree, smooth, columns, 0, [.. smooth.Select(column => ((byte)0, (byte)(columns[column].CodeCount - 1)))]);
    }

    /// <summary>The real rows.</summary>
    public ForestLeaves Leaves { get; }

    /// <summary>Fits the leaves of a tree, after those with fewer than <paramref name="minRows"/> real rows are taken out.</summary>
    /// <param name="tree">The tree, which is pruned.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="codes">Their codes.</param>
    /// <param name="minRows">Fewest real rows of a leaf.</param>
    public static ForestDensity Fit(ForestTree tree, ForestColumn[] columns, byte[][] codes, int minRows)
    {
        int rows = columns[0].Codes.Length;
        tree.Prune(tree.LeavesOf(codes, rows), minRows);
        return new(tree, new(tree.LeavesOf(codes, rows), tree.Count), columns);
    }

    /// <summary>The distribution, in a leaf, of those numbers of a column that a density stands for.</summary>
    public TruncatedNormal Normal(int leaf, int column) => _normals[_placeOfLeaf[leaf] * _smooth + _placeOfColumn[column]];

    // Down the tree with the range of codes that each smooth column still has.
    void Fit(ForestTree tree, int[] smooth, ForestColumn[] columns, int root, (byte First, byte Last)[] whole)
    {
        var open = new Stack<(int Node, (byte First, byte Last)[] Ranges)>();
        open.Push((root, whole));
        while (open.TryPop(out var next))
        {
            var (at, ranges) = next;
            var node = tree.Nodes[at];
            if (node.Column == ForestTree.None)
            {
                FitLeaf(at, smooth, columns, ranges);
                continue;
            }

            int place = _placeOfColumn[node.Column];
            var right = place < 0 ? ranges : [.. ranges];
            if (place >= 0)
            {
                right[place].First = (byte)Math.Max(right[place].First, node.Cut + 1);
                ranges[place].Last = (byte)Math.Min(ranges[place].Last, node.Cut);
            }

            open.Push((node.Left, place < 0 ? [.. ranges] : ranges));
            open.Push((node.Right, right));
        }
    }

    void FitLeaf(int leaf, int[] smooth, ForestColumn[] columns, (byte First, byte Last)[] ranges)
    {
        var rows = Leaves.RowsOf(leaf);
        for (int place = 0; place < smooth.Length && rows.Length > 0; place++)
        {
            var column = columns[smooth[place]];
            double low = column.Low(ranges[place].First), high = column.High(ranges[place].Last);
            _normals[_placeOfLeaf[leaf] * _smooth + place] = NormalOf(column, rows, low, high);
        }
    }

    // Mean and deviation (of n − 1) of a leaf's smooth numbers. One number, or squares beyond a double, have no deviation.
    static TruncatedNormal NormalOf(ForestColumn column, ReadOnlySpan<int> rows, double low, double high)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (int row in rows)
        {
            count += column.IsSmooth[row] ? 1 : 0;
            sum += column.IsSmooth[row] ? column.Values[row] : 0;
        }

        double mean = sum / Math.Max(1, count);
        foreach (int row in rows)
        {
            double off = column.IsSmooth[row] ? column.Values[row] - mean : 0;
            squares += off * off;
        }

        double deviation = Math.Sqrt(squares / Math.Max(1, count - 1));
        return TruncatedNormal.On(low, high, mean, double.IsFinite(deviation) ? deviation : 0);
    }
}
