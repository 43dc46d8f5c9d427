namespace CausalMixFT.Engine.Studies;

/// <summary>The arm that is best on one half of the tables, and what it gains on the other half, which had no say in the choice.</summary>
/// <remarks>
/// The best of many arms looks better than it is on the tables that chose it. Tables are ordered by a hash of their name (FNV-1a, 64
/// bits, of its UTF-8 bytes), and the first half chooses: the arm with the largest mean gain, of equal ones the first. Only arms that
/// have results on every table of that half that any arm has results on take part.
/// </remarks>
public sealed record ChosenArm
{
    /// <summary>The measure.</summary>
    public required StudyMeasure Measure { get; init; }

    /// <summary>What it was chosen from, in the plural: "arms".</summary>
    public required string Family { get; init; }

    /// <summary>Whether the second half chose and the first confirms.</summary>
    public required bool Swapped { get; init; }

    /// <summary>The arm that was chosen.</summary>
    public required string Arm { get; init; }

    /// <summary>How many arms it was chosen from.</summary>
    public required int Candidates { get; init; }

    /// <summary>The tables that chose.</summary>
    public required IReadOnlyList<string> ChoosingTables { get; init; }

    /// <summary>The tables that had no say.</summary>
    public required IReadOnlyList<string> ConfirmingTables { get; init; }

    /// <summary>Its mean gain on the tables that chose it: too good on average.</summary>
    public required double ChoosingGain { get; init; }

    /// <summary>Its mean gain on the others.</summary>
    public required BootstrapInterval ConfirmedGain { get; init; }

    /// <summary>Wilcoxon's test on the others: one arm, so nothing to correct for.</summary>
    public required WilcoxonSignedRank Test { get; init; }

    /// <summary>Tables among the others on which it is better, the same, and worse.</summary>
    public required (int Wins, int Ties, int Losses) Confirming { get; init; }

    /// <summary>Which half a table is in is decided by this number alone.</summary>
    public static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in System.Text.Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        return hash;
    }

    /// <summary>Both halves, the one that chooses first.</summary>
    public static (IReadOnlyList<string> First, IReadOnlyList<string> Second) Halves(IEnumerable<string> tables)
    {
        string[] order = [.. tables.OrderBy(Hash).ThenBy(name => name, StringComparer.Ordinal)];
        int half = (order.Length + 1) / 2;
        return (order[..half], order[half..]);
    }

    /// <summary>Chooses on the first half and confirms on the second, or the other way round; null where either has no results.</summary>
    internal static ChosenArm? Of(
        StudyGains gains, StudyMeasure measure, string family, IReadOnlyList<string> candidates, bool swapped, Func<int, TableBootstrap> bootstrap)
    {
        var (choosing, confirming) = Halves(gains.Tables);
        (choosing, confirming) = swapped ? (confirming, choosing) : (choosing, confirming);
        var all = candidates.ToDictionary(arm => arm, arm => gains.OnTables(measure, arm).ToDictionary(gain => gain.Table, gain => gain.Gain));
        string[] met = [.. choosing.Where(table => all.Values.Any(arm => arm.ContainsKey(table)))];
        string[] complete = [.. candidates.Where(arm => met.All(all[arm].ContainsKey))];
        if (met.Length == 0 || complete.Length == 0)
        {
            return null;
        }

        string best = complete.MaxBy(arm => met.Average(table => all[arm][table]))!;
        string[] left = [.. confirming.Where(all[best].ContainsKey)];
        double[] confirmed = [.. left.Select(table => all[best][table])];
        return left.Length == 0 ? null : new()
        {
            Measure = measure,
            Family = family,
            Swapped = swapped,
            Arm = best,
            Candidates = complete.Length,
            ChoosingTables = met,
            ConfirmingTables = left,
            ChoosingGain = met.Average(table => all[best][table]),
            ConfirmedGain = bootstrap(left.Length).Mean(confirmed),
            Test = WilcoxonSignedRank.Test(confirmed),
            Confirming = (confirmed.Count(gain => gain > 0), confirmed.Count(gain => gain == 0), confirmed.Count(gain => gain < 0)),
        };
    }
}
