using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tables;

/// <summary>
/// Rows to train on, to choose by, and to score, each in rising order and with the classes in equal parts.
/// </summary>
/// <remarks>
/// The order in which a class's rows are dealt out is their order by a Philox word at (seed, purpose, row): it depends on
/// nothing else. A class with three rows or more is in all three parts; one with two is in training and test.
/// </remarks>
public sealed record StratifiedSplit(int[] Train, int[] Validation, int[] Test)
{
    // "splt", "fold" and "subs" in ASCII.
    const uint SplitPurpose = 0x73706C74, FoldPurpose = 0x666F6C64, SubsetPurpose = 0x73756273;

    /// <summary>
    /// Splits rows with these classes; another <paramref name="repeat"/> gives another split of the same seed.
    /// </summary>
    public static StratifiedSplit Draw(
        ReadOnlySpan<int> labels, ulong seed, int repeat = 0, double validationShare = 0.2, double testShare = 0.2)
    {
        if (validationShare < 0 || testShare < 0 || validationShare + testShare >= 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(testShare), $"Shares {validationShare} and {testShare} leave nothing to train on.");
        }

        var classes = Shuffled(labels, Every(labels.Length), seed, SplitPurpose, repeat);
        int[] sizes = [.. classes.Select(rows => rows.Length)];
        int[] tests = Portions(sizes, testShare), validations = Portions(sizes, validationShare);
        List<int> train = [], validation = [], test = [];
        for (int c = 0; c < classes.Length; c++)
        {
            int[] rows = classes[c];
            int tested = rows.Length < 2 || testShare == 0 ? 0 : Math.Max(1, tests[c]);
            int validated = rows.Length < 3 || validationShare == 0 ? 0 : Math.Max(1, validations[c]);
            while (tested + validated >= rows.Length && tested + validated > 0)
            {
                _ = tested > validated ? tested-- : validated--;
            }

            test.AddRange(rows[..tested]);
            validation.AddRange(rows[tested..(tested + validated)]);
            train.AddRange(rows[(tested + validated)..]);
        }

        return new([.. train.Order()], [.. validation.Order()], [.. test.Order()]);
    }

    /// <summary>Several splits of the same seed.</summary>
    public static StratifiedSplit[] Repeated(
        ReadOnlySpan<int> labels, ulong seed, int repeats, double validationShare = 0.2, double testShare = 0.2)
    {
        var splits = new StratifiedSplit[repeats];
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            splits[repeat] = Draw(labels, seed, repeat, validationShare, testShare);
        }

        return splits;
    }

    /// <summary>
    /// Splits whose test rows together are all rows, each once; validation rows are a share of the others.
    /// </summary>
    public static StratifiedSplit[] Folds(ReadOnlySpan<int> labels, ulong seed, int folds, double validationShare = 0.2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(folds, labels.Length);
        var fold = new int[labels.Length];

        // Each class starts dealing where the last one stopped, so that folds differ by at most one row.
        int dealt = 0;
        foreach (int[] rows in Shuffled(labels, Every(labels.Length), seed, FoldPurpose, 0))
        {
            foreach (int row in rows)
            {
                fold[row] = dealt++ % folds;
            }
        }

        var splits = new StratifiedSplit[folds];
        for (int k = 0; k < folds; k++)
        {
            int[] test = [.. Every(labels.Length).Where(row => fold[row] == k)];
            int[] rest = [.. Every(labels.Length).Where(row => fold[row] != k)];
            var restLabels = new int[rest.Length];
            for (int i = 0; i < rest.Length; i++)
            {
                restLabels[i] = labels[rest[i]];
            }

            var inner = Draw(restLabels, seed, k, validationShare, testShare: 0);
            splits[k] = new([.. inner.Train.Select(i => rest[i])], [.. inner.Validation.Select(i => rest[i])], test);
        }

        return splits;
    }

    /// <summary>
    /// At most <paramref name="count"/> of <paramref name="rows"/>, classes in the same parts and each at least once.
    /// </summary>
    /// <param name="labels">The class of each row of the table.</param>
    /// <param name="rows">The rows to draw from.</param>
    /// <param name="count">So many at most.</param>
    /// <param name="seed">Seeds the draw.</param>
    /// <param name="leastShare">
    /// A class has at least this share of an equal part, as far as it has rows, instead of its own part; from 0 to 1.
    /// </param>
    public static int[] Subset(ReadOnlySpan<int> labels, IReadOnlyList<int> rows, int count, ulong seed, double leastShare = 0)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(leastShare);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leastShare, 1);
        if (rows.Count <= count)
        {
            return [.. rows.Order()];
        }

        var classes = Shuffled(labels, rows, seed, SubsetPurpose, 0);
        int[] portions = Portions([.. classes.Select(members => members.Length)], (double)count / rows.Count);

        // Classes that have too few take places from the largest portions.
        int wanted = Math.Max(1, (int)(leastShare * count / classes.Length));
        for (int c = 0; c < portions.Length; c++)
        {
            int largest = Array.IndexOf(portions, portions.Max());
            while (portions[c] < Math.Min(wanted, classes[c].Length) && portions[largest] > wanted)
            {
                portions[c]++;
                portions[largest]--;
                largest = Array.IndexOf(portions, portions.Max());
            }
        }

        return [.. classes.SelectMany((members, c) => members[..portions[c]]).Order()];
    }

    // The rows of each class in the order of their Philox words.
    static int[][] Shuffled(ReadOnlySpan<int> labels, IEnumerable<int> rows, ulong seed, uint purpose, int repeat)
    {
        var random = new Philox(seed).Branch(purpose);
        var byClass = new SortedDictionary<int, List<(ulong Key, int Row)>>();
        foreach (int row in rows)
        {
            var (high, low, _, _) = random.Block((uint)row, (uint)repeat, 0, 0);
            if (!byClass.TryGetValue(labels[row], out var members))
            {
                byClass[labels[row]] = members = [];
            }

            members.Add(((ulong)high << 32 | low, row));
        }

        return [.. byClass.Values.Select(members => members.Order().Select(member => member.Row).ToArray())];
    }

    // Largest remainders (Hamilton): whole portions that add up to the rounded share of all rows.
    static int[] Portions(int[] sizes, double share)
    {
        int[] portions = [.. sizes.Select(size => (int)Math.Floor(size * share))];
        int left = (int)Math.Round(sizes.Sum() * share) - portions.Sum();
        foreach (int c in Every(sizes.Length).OrderByDescending(c => sizes[c] * share - portions[c]).Take(Math.Max(0, left)))
        {
            portions[c]++;
        }

        return portions;
    }

    static IEnumerable<int> Every(int count) => Enumerable.Range(0, count);
}
