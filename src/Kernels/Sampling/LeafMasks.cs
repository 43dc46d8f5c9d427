using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>A split of a number as masks: the leaves of a word that stay possible.</summary>
/// <param name="Threshold">Numbers up to this go left.</param>
/// <param name="Feature">The number, as a place among the features in use.</param>
/// <param name="IfLeft">The leaves that are not to its right.</param>
/// <param name="IfRight">The leaves that are not to its left.</param>
readonly record struct MaskSplit(float Threshold, int Feature, uint IfLeft, uint IfRight);

/// <summary>A split of a category as masks.</summary>
/// <param name="Feature">The category, as a place among the features in use.</param>
/// <param name="FirstSet">Where its codes' words start: bit c mod 32 of word c / 32 says that code c goes left.</param>
/// <param name="Sets">How many words.</param>
/// <param name="IfLeft">The leaves that are not to its right.</param>
/// <param name="IfRight">The leaves that are not to its left.</param>
readonly record struct MaskCodeSplit(int Feature, int FirstSet, int Sets, uint IfLeft, uint IfRight);

/// <summary>Up to 32 neighbouring leaves of a tree, and the splits above them.</summary>
/// <param name="Output">The output to which they add.</param>
/// <param name="Leaves">A bit for each leaf.</param>
/// <param name="FirstSplit">The first split of numbers.</param>
/// <param name="EndSplit">Behind the last.</param>
/// <param name="FirstCodeSplit">The first split of categories.</param>
/// <param name="EndCodeSplit">Behind the last.</param>
readonly record struct LeafWord(
    int Output, uint Leaves, int FirstSplit, int EndSplit, int FirstCodeSplit, int EndCodeSplit);

/// <summary>
/// Trees as masks: a row's leaf is the bit that is left when every split has struck out the leaves on its other side.
/// </summary>
/// <remarks>
/// All splits are asked, in any order, without branches or gathers: a hundred trees of 31 leaves and eight features take
/// a sixth of the time of a walk from split to split by gathers. Lucchese et al., QuickScorer (SIGIR 2015). Leaf values are whole multiples
/// of a power of two, less their tree's middle value, so that sums in 32 bits are exact and within range.
/// </remarks>
sealed class LeafMasks
{
    /// <summary>Leaves of a word.</summary>
    public const int WordLeaves = 32;

    /// <summary>Values of a word: a zero for rows whose leaf is in another word of the tree, then its leaves.</summary>
    public const int WordValues = 1 + WordLeaves;

    const int SumBits = 30;

    readonly TreeFeatures _features;

    /// <summary>Packs the trees.</summary>
    public LeafMasks(TreeEnsembleTerms terms, TreeFeatures features)
    {
        _features = features;
        var trees = terms.Trees;
        int shift = SumBits - FixedPoint.BitsOf(trees.Sum(tree => tree.Leaves.Max(leaf => Math.Abs(leaf - Middle(tree)))));
        Scale = (float)Math.ScaleB(1, -shift);
        Bases = new float[terms.Outputs];
        OutputStarts = new int[terms.Outputs + 1];
        for (int output = 0; output < terms.Outputs; output++)
        {
            double sum = 0;
            for (int t = output; t < trees.Count; t += terms.Outputs)
            {
                sum += Middle(trees[t]);
                Add(trees[t], output, shift);
            }

            Bases[output] = (float)sum;
            OutputStarts[output + 1] = Words.Count;
        }
    }

    /// <summary>The words, output by output.</summary>
    public List<LeafWord> Words { get; } = [];

    /// <summary>Each output's first word, and the number of words at the end.</summary>
    public int[] OutputStarts { get; }

    /// <summary>The splits of numbers, word by word.</summary>
    public List<MaskSplit> Splits { get; } = [];

    /// <summary>The splits of categories, word by word.</summary>
    public List<MaskCodeSplit> CodeSplits { get; } = [];

    /// <summary>The sets of codes.</summary>
    public List<uint> Sets { get; } = [];

    /// <summary>The words' values in units of <see cref="Scale"/>, <see cref="WordValues"/> for each word.</summary>
    public List<int> Values { get; } = [];

    /// <summary>Each output's sum of middle values.</summary>
    public float[] Bases { get; }

    /// <summary>The unit of values, a power of two.</summary>
    public float Scale { get; }

    static double Middle(Tree tree) => 0.5 * tree.Leaves.Min() + 0.5 * tree.Leaves.Max();

    void Add(Tree tree, int output, int shift)
    {
        // Leaves from left to right; each split's leaves are start … middle to its left and middle … end to its right.
        var leaves = new List<int>();
        var ranges = new (int Start, int Middle, int End)[tree.Splits.Length];
        Number(tree.Root);
        for (int first = 0; first < leaves.Count; first += WordLeaves)
        {
            int count = Math.Min(WordLeaves, leaves.Count - first);
            int firstSplit = Splits.Count, firstCodeSplit = CodeSplits.Count;
            for (int node = 0; node < ranges.Length; node++)
            {
                var (start, middle, end) = ranges[node];
                if (start < first + count && end > first)
                {
                    AddSplit(tree.Splits[node], ~Bits(middle - first, end - first), ~Bits(start - first, middle - first));
                }
            }

            Words.Add(new(output, Bits(0, count), firstSplit, Splits.Count, firstCodeSplit, CodeSplits.Count));
            var values = new int[WordValues];
            for (int i = 0; i < count; i++)
            {
                values[1 + i] = (int)Math.Round(Math.ScaleB(tree.Leaves[leaves[first + i]] - Middle(tree), shift));
            }

            Values.AddRange(values);
        }

        void Number(int node)
        {
            if (node < 0)
            {
                leaves.Add(~node);
                return;
            }

            int start = leaves.Count;
            Number(tree.Splits[node].Left);
            int middle = leaves.Count;
            Number(tree.Splits[node].Right);
            ranges[node] = (start, middle, leaves.Count);
        }
    }

    void AddSplit(TreeSplit split, uint ifLeft, uint ifRight)
    {
        int slot = _features.SlotOf(split.Feature);
        if (split.LeftCodes is null)
        {
            Splits.Add(new(split.Threshold, slot, ifLeft, ifRight));
            return;
        }

        var sets = new uint[1 + split.LeftCodes.DefaultIfEmpty(0).Max() / WordLeaves];
        foreach (int code in split.LeftCodes)
        {
            sets[code / WordLeaves] |= 1u << (code % WordLeaves);
        }

        CodeSplits.Add(new(slot, Sets.Count, sets.Length, ifLeft, ifRight));
        Sets.AddRange(sets);
    }

    // Bits start … end − 1 of a word, as far as it has them.
    static uint Bits(int start, int end)
    {
        start = Math.Clamp(start, 0, WordLeaves);
        end = Math.Clamp(end, 0, WordLeaves);
        return (uint)((1UL << end) - (1UL << start));
    }
}

/// <summary><see cref="LeafMasks"/> on a device.</summary>
sealed class LeafMasksTable : IDisposable
{
    public LeafMasksTable(ComputeDevice device, LeafMasks masks)
    {
        Scale = masks.Scale;
        Words = device.Allocate<LeafWord>([.. masks.Words]);
        OutputStarts = device.Allocate<int>(masks.OutputStarts);
        Splits = device.Allocate<MaskSplit>([.. masks.Splits]);
        CodeSplits = device.Allocate<MaskCodeSplit>([.. masks.CodeSplits]);
        Sets = device.Allocate<uint>([.. masks.Sets]);
        Values = device.Allocate<int>([.. masks.Values]);
        Bases = device.Allocate<float>(masks.Bases);
    }

    public float Scale { get; }

    public DeviceArray<LeafWord> Words { get; }

    public DeviceArray<int> OutputStarts { get; }

    public DeviceArray<MaskSplit> Splits { get; }

    public DeviceArray<MaskCodeSplit> CodeSplits { get; }

    public DeviceArray<uint> Sets { get; }

    public DeviceArray<int> Values { get; }

    public DeviceArray<float> Bases { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Words.Dispose();
        OutputStarts.Dispose();
        Splits.Dispose();
        CodeSplits.Dispose();
        Sets.Dispose();
        Values.Dispose();
        Bases.Dispose();
    }
}
