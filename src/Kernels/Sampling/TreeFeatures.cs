namespace CausalMixFT.Kernels.Sampling;

/// <summary>The features that trees split, and where: values between neighbouring thresholds go the same ways.</summary>
/// <remarks>
/// A number's place is how many thresholds lie below it; a code's place is the code itself, and all codes above the
/// largest that any split names share the last place.
/// </remarks>
sealed class TreeFeatures
{
    TreeFeatures(int[] used, float[]?[] thresholds, int[] places) =>
        (Used, Thresholds, Places) = (used, thresholds, places);

    /// <summary>The features in use, in rising order.</summary>
    public int[] Used { get; }

    /// <summary>Of each, the distinct thresholds in rising order; null where it is categorical.</summary>
    public float[]?[] Thresholds { get; }

    /// <summary>Of each, how many places it has.</summary>
    public int[] Places { get; }

    /// <summary>Finds them.</summary>
    public static TreeFeatures Of(IEnumerable<Tree> trees)
    {
        var splits = trees.SelectMany(tree => tree.Splits).GroupBy(split => split.Feature).OrderBy(group => group.Key)
            .ToArray();
        var thresholds = new float[]?[splits.Length];
        var places = new int[splits.Length];
        for (int f = 0; f < splits.Length; f++)
        {
            if (splits[f].All(split => split.LeftCodes is null))
            {
                thresholds[f] = [.. splits[f].Select(split => split.Threshold).Distinct().Order()];
                places[f] = thresholds[f]!.Length + 1;
            }
            else if (splits[f].All(split => split.LeftCodes is not null))
            {
                places[f] = 2 + splits[f].Max(split => split.LeftCodes!.DefaultIfEmpty(-1).Max());
            }
            else
            {
                throw new ArgumentException(
                    $"Feature {splits[f].Key} is split as a number and as a category.", nameof(trees));
            }
        }

        return new([.. splits.Select(group => group.Key)], thresholds, places);
    }

    /// <summary>Where in <see cref="Used"/> a feature stands.</summary>
    public int SlotOf(int feature) => Array.BinarySearch(Used, feature);
}
