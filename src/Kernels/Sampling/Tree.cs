namespace CausalMixFT.Kernels.Sampling;

/// <summary>A split of a tree.</summary>
/// <param name="Feature">The feature that decides.</param>
/// <param name="Threshold">A number goes left when it is at most this.</param>
/// <param name="LeftCodes">The codes that go left, in rising order, where the feature is categorical; else null.</param>
/// <param name="Left">The left child: a split, or the complement (~) of a leaf.</param>
/// <param name="Right">The right child, likewise.</param>
public readonly record struct TreeSplit(int Feature, float Threshold, int[]? LeftCodes, int Left, int Right)
{
    /// <summary>Whether <paramref name="value"/>, a number or code, goes left.</summary>
    public bool GoesLeft(float value) =>
        LeftCodes is null ? value <= Threshold : Array.BinarySearch(LeftCodes, (int)value) >= 0;
}

/// <summary>A tree: splits from the root on, and what the leaves add.</summary>
/// <param name="Splits">The splits; none where the tree is a single leaf.</param>
/// <param name="Leaves">The leaves' values: one more than splits.</param>
public sealed record Tree(TreeSplit[] Splits, double[] Leaves)
{
    /// <summary>The first node to visit: a split, or the complement of the only leaf.</summary>
    public int Root => Splits.Length > 0 ? 0 : ~0;

    /// <summary>The leaf that a row of <paramref name="columns"/>, the features column by column, ends in.</summary>
    public int LeafOf(float[][] columns, int row)
    {
        int node = Root;
        while (node >= 0)
        {
            var split = Splits[node];
            node = split.GoesLeft(columns[split.Feature][row]) ? split.Left : split.Right;
        }

        return ~node;
    }
}
