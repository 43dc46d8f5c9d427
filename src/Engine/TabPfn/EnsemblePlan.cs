namespace CausalMixFT.Engine.TabPfn;

/// <summary>What makes one member of the ensemble differ from the others.</summary>
/// <param name="View">How the columns are shown.</param>
/// <param name="Seed">Seeds the member's order of columns and of category codes.</param>
/// <param name="ClassPermutation">Class k is shown as number ClassPermutation[k]; empty where numbers are predicted.</param>
readonly record struct MemberPlan(MemberView View, ulong Seed, int[] ClassPermutation);

/// <summary>How the columns are shown to the network.</summary>
enum MemberView
{
    /// <summary>As they are, then mapped to their quantiles, then projected on singular vectors.</summary>
    Quantiles,

    /// <summary>As they are, category codes as numbers.</summary>
    Plain,

    /// <summary>For predicting numbers: <see cref="Quantiles"/>, twice as many, beside however many columns, and unclipped.</summary>
    FineQuantiles,
}

/// <summary>Draws the plans of an ensemble in the order in which TabPFN 8.4.0 draws them.</summary>
static class EnsemblePlan
{
    // Three orders of the classes are drawn for each member, so that few are drawn twice.
    const int OrdersPerMember = 3;

    // A shift of the columns is drawn too; shuffling makes no use of it, but its draws come before those of the classes.
    const int MostShift = 1000;

    /// <summary>The plans of <paramref name="members"/> members.</summary>
    internal static MemberPlan[] Draw(int members, int classes, ulong seed)
    {
        var views = Spread([MemberView.Quantiles, MemberView.Plain], members);
        var permutations = ClassPermutations(members, classes, seed);
        ulong[] seeds = Seeds(members, seed);
        return [.. Enumerable.Range(0, members).Select(i => new MemberPlan(views[i], seeds[i], permutations[i]))];
    }

    /// <summary>The plans of <paramref name="members"/> members that predict numbers.</summary>
    internal static MemberPlan[] DrawForNumbers(int members, ulong seed) =>
        [.. Seeds(members, seed).Select(own => new MemberPlan(MemberView.FineQuantiles, own, []))];

    /// <summary>Every member's order of the classes: different ones as often as each other, then drawn ones.</summary>
    internal static int[][] ClassPermutations(int members, int classes, ulong seed)
    {
        var generator = new NumpyGenerator(seed);
        generator.Below(MostShift);
        generator.Distinct(members, members);
        var drawn = new int[members * OrdersPerMember][];
        for (int i = 0; i < drawn.Length; i++)
        {
            double[] noise = [.. Enumerable.Range(0, classes).Select(_ => generator.Uniform())];
            drawn[i] = [.. Enumerable.Range(0, classes)];
            Array.Sort(noise, drawn[i]);
        }

        int[][] different = [.. new SortedSet<int[]>(drawn, ByFirstDifference)];
        int each = members / different.Length;
        var permutations = new List<int[]>(different.SelectMany(order => Enumerable.Repeat(order, each)));
        while (permutations.Count < members)
        {
            permutations.Add(different[generator.Below(different.Length)]);
        }

        return [.. permutations];
    }

    // Each member's seed comes from a generator whose own seed is the first of three drawn ones; the others are for choices
    // of rows and of columns, which the weights of version 2 do without.
    static ulong[] Seeds(int members, ulong seed)
    {
        var generator = new NumpyGenerator((ulong)new NumpyGenerator(seed).Below(long.MaxValue));
        return [.. Enumerable.Range(0, members).Select(_ => (ulong)generator.Below(int.MaxValue))];
    }

    // [A, B] for five members: A A B B A.
    static MemberView[] Spread(MemberView[] views, int members)
    {
        int each = members / views.Length;
        return [.. views.SelectMany(view => Enumerable.Repeat(view, each)), .. views.Take(members % views.Length)];
    }

    static readonly Comparer<int[]> ByFirstDifference = Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));
}
