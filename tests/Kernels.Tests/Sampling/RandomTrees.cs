using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Kernels.Tests.Sampling;

/// <summary>Trees grown at random on three numbers and two categories, one of them with codes beyond a word.</summary>
static class RandomTrees
{
    const int Features = 5;

    static readonly int[] Levels = [0, 0, 3, 0, 40];

    public static Tree[] Grow(int trees, int leaves, ulong seed = 1)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, trees).Select(t => Grow(leaves, random, (uint)t))];
    }

    /// <summary>Rows for the features; some numbers lie on thresholds, some codes are in no split.</summary>
    public static float[][] Rows(int rows)
    {
        var random = new Philox(99);
        return [.. Enumerable.Range(0, Features).Select(f => Enumerable.Range(0, rows)
            .Select(r => Levels[f] > 0
                ? random.Below(Levels[f] + 2, (uint)r, (uint)f)
                : r % 3 == 0 ? Threshold(random.Below(11, (uint)r, (uint)f)) : random.Normal((uint)r, (uint)f))
            .ToArray())];
    }

    /// <summary>The sums of leaves in double, (outputs, rows).</summary>
    public static double[] Sums(Tree[] trees, int outputs, float[][] columns)
    {
        int rows = columns[0].Length;
        var sums = new double[outputs * rows];
        for (int t = 0; t < trees.Length; t++)
        {
            for (int row = 0; row < rows; row++)
            {
                sums[t % outputs * rows + row] += trees[t].Leaves[trees[t].LeafOf(columns, row)];
            }
        }

        return sums;
    }

    // A leaf drawn from those there are becomes a split, so trees are of any shape; ten thresholds to choose from.
    static Tree Grow(int leaves, Philox random, uint tree)
    {
        var splits = new List<TreeSplit>();
        for (uint s = 0; splits.Count < leaves - 1; s++)
        {
            int feature = random.Below(Features, s, tree, 0), leaf = random.Below(splits.Count + 1, s, tree, 1);
            for (int i = 0; i < splits.Count; i++)
            {
                splits[i] = splits[i] with
                {
                    Left = splits[i].Left == ~leaf ? splits.Count : splits[i].Left,
                    Right = splits[i].Right == ~leaf ? splits.Count : splits[i].Right,
                };
            }

            int[]? codes = Levels[feature] == 0 ? null :
                [.. Enumerable.Range(0, Levels[feature]).Where(code => random.Below(2, s, tree, (uint)code + 4) == 0)];
            float threshold = codes is null ? Threshold(random.Below(10, s, tree, 2)) : 0;
            splits.Add(new(feature, threshold, codes, ~leaf, ~(splits.Count + 1)));
        }

        return new(
            [.. splits],
            [.. Enumerable.Range(0, leaves).Select(leaf => 3 + random.Normal((uint)leaf, tree, 3) / (1.0 + tree))]);
    }

    static float Threshold(int index) => (index - 5) * 0.37f;
}
