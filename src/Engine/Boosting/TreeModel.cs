namespace CausalMixFT.Engine.Boosting;

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

/// <summary>A tree: splits from the root on, children after their parents, and what the leaves add.</summary>
/// <param name="Splits">The splits; none where the tree is a single leaf.</param>
/// <param name="Leaves">The leaves' values: one more than splits.</param>
public sealed record Tree(TreeSplit[] Splits, double[] Leaves)
{
    /// <summary>The leaf of a row.</summary>
    public int LeafOf(float[][] columns, int row)
    {
        int node = Splits.Length > 0 ? 0 : ~0;
        while (node >= 0)
        {
            var split = Splits[node];
            node = split.GoesLeft(columns[split.Feature][row]) ? split.Left : split.Right;
        }

        return ~node;
    }
}

/// <summary>Trained trees as plain data: tree t adds to score t mod outputs; the first trees hold the base score.</summary>
/// <param name="Features">How many features the trees were trained on.</param>
/// <param name="Outputs">Scores of a row: one, or one for each class.</param>
/// <param name="Trees">The trees, round by round.</param>
public sealed record TreeModel(int Features, int Outputs, Tree[] Trees)
{
    /// <summary>The raw scores of all rows, (rows, outputs), summed in double: the reference for faster evaluations.</summary>
    /// <param name="columns">The features, column by column.</param>
    public double[] Predict(float[][] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        int rows = columns[0].Length;
        var scores = new double[(long)rows * Outputs];
        for (int row = 0; row < rows; row++)
        {
            for (int t = 0; t < Trees.Length; t++)
            {
                scores[row * Outputs + t % Outputs] += Trees[t].Leaves[Trees[t].LeafOf(columns, row)];
            }
        }

        return scores;
    }
}
