using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Studies;

/// <summary>Training and validation rows with a given share of the rarest class, each in rising order.</summary>
/// <remarks>
/// n training rows and v · n validation rows are drawn from the pool without replacement. Of both, the rarest class has the
/// share s (rounded, at least one row), and the other classes share the rest as they do in the pool (largest remainders, at
/// least one row each); with the table's own shares, all classes are as in the pool. Each class is dealt out in an order that
/// depends on the seed alone: training rows from its front, validation rows from its back. So the training rows of a class in a
/// smaller or rarer draw are among those of a larger one, and draws along a sweep differ by what the sweep changes.
/// </remarks>
/// <param name="Train">Training rows.</param>
/// <param name="Validation">Validation rows.</param>
public sealed record SkewedSplit(int[] Train, int[] Validation)
{
    const uint OrderPurpose = 0x736B6577; // "skew" in ASCII

    /// <summary>Draws rows, or says why that is not possible.</summary>
    /// <param name="labels">The class of every row of the table.</param>
    /// <param name="classNames">The classes.</param>
    /// <param name="pool">Rows that may be drawn.</param>
    /// <param name="rows">Training rows, n.</param>
    /// <param name="share">Share of the table's rarest class, s; null for the pool's shares.</param>
    /// <param name="validationPerRow">Validation rows for each training row, v.</param>
    /// <param name="seed">Decides the order of the rows.</param>
    /// <param name="fault">Why the rows cannot be drawn, or null.</param>
    public static SkewedSplit? Draw(
        ReadOnlySpan<int> labels, IReadOnlyList<string> classNames, ReadOnlySpan<int> pool, int rows, double? share,
        double validationPerRow, ulong seed, out string? fault)
    {
        int rarest = DecisionRule.RarestOf(DecisionRule.PriorOf(labels, classNames.Count));
        var order = Shuffled(labels, classNames.Count, pool, seed);
        int[] sizes = [.. order.Select(members => members.Count)];
        int validated = Rounded(rows * validationPerRow);
        fault = sizes.Contains(0) ? $"class '{classNames[Array.IndexOf(sizes, 0)]}' has no row outside the test rows"
            : Math.Min(rows, validated) < classNames.Count ? string.Create(
                CultureInfo.InvariantCulture, $"{rows} training and {validated} validation rows are too few for {classNames.Count} classes")
            : null;
        if (fault is not null)
        {
            return null;
        }

        int[] train = Counts(sizes, rarest, rows, share), validation = Counts(sizes, rarest, validated, share);
        for (int c = 0; c < sizes.Length; c++)
        {
            if (train[c] + validation[c] > sizes[c])
            {
                fault = string.Create(
                    CultureInfo.InvariantCulture,
                    $"class '{classNames[c]}' has {sizes[c]} rows outside the test rows, but {train[c]} training and {validation[c]} validation rows of it are needed");
                return null;
            }
        }

        return new(
            [.. order.SelectMany((members, c) => members[..train[c]]).Order()],
            [.. order.SelectMany((members, c) => members[^validation[c]..]).Order()]);
    }

    /// <summary>How many rows of each class there are among some.</summary>
    internal static int[] Counts(int[] sizes, int rarest, int rows, double? share)
    {
        if (share is not double known)
        {
            return Portions(sizes, rows);
        }

        int rare = Math.Clamp(Rounded(known * rows), 1, rows - sizes.Length + 1);
        int[] others = [.. sizes.Where((_, c) => c != rarest)];
        var counts = Portions(others, rows - rare).ToList();
        counts.Insert(rarest, rare);
        return [.. counts];
    }

    // Largest remainders; a class that rounds to nothing takes a row from the largest.
    static int[] Portions(int[] sizes, int rows)
    {
        double scale = (double)rows / sizes.Sum();
        int[] portions = [.. sizes.Select(size => (int)Math.Floor(size * scale))];
        foreach (int c in Enumerable.Range(0, sizes.Length)
            .OrderByDescending(c => sizes[c] * scale - portions[c]).Take(rows - portions.Sum()).ToArray())
        {
            portions[c]++;
        }

        for (int c = 0; c < portions.Length; c++)
        {
            if (portions[c] == 0)
            {
                portions[Array.IndexOf(portions, portions.Max())]--;
                portions[c] = 1;
            }
        }

        return portions;
    }

    static List<int>[] Shuffled(ReadOnlySpan<int> labels, int classes, ReadOnlySpan<int> pool, ulong seed)
    {
        var random = new Philox(seed).Branch(OrderPurpose);
        var keyed = new List<(ulong Key, int Row)>[classes];
        for (int c = 0; c < classes; c++)
        {
            keyed[c] = [];
        }

        foreach (int row in pool)
        {
            var (high, low, _, _) = random.Block((uint)row, 0, 0, 0);
            keyed[labels[row]].Add(((ulong)high << 32 | low, row));
        }

        return [.. keyed.Select(members => members.Order().Select(member => member.Row).ToList())];
    }

    static int Rounded(double value) => (int)Math.Round(value, MidpointRounding.AwayFromZero);
}
