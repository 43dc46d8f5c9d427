using CausalMixFT.Engine.Tables;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Scm;

/// <summary>Fits each column's <see cref="MissingMask"/>: a logit on the few columns that tell most about the gaps.</summary>
/// <remarks>
/// Columns and masks that are associated with the gaps, by a G-test at 1 % after Bonferroni, are candidates; the strongest
/// few enter a logit, which is kept when it predicts left-out gaps better than their share does, by more than a standard
/// error.
/// </remarks>
static class MaskFit
{
    const int MostCauses = 5, MostBins = 8, MostListedLevels = 24;
    const double Level = 0.01;

    /// <summary>The masks of all columns.</summary>
    public static MissingMask[] Run(
        ColumnProfile[] profiles, ScmOptions options, Action<int, Action<int>> forEach)
    {
        var gaps = profiles.Select(profile => HasSomeGaps(profile) ? Gaps(profile, options) : null).ToArray();
        var masks = new MissingMask[profiles.Length];
        forEach(masks.Length, i => masks[i] = Fit(profiles, gaps, i, options, forEach));

        // A mask that another depends on is drawn on the device, where every draw has a gate.
        foreach (int cause in masks.SelectMany(mask => mask.Causes).Where(cause => cause.IsMask).Select(c => c.Node).Distinct())
        {
            double share = masks[cause].Share;
            masks[cause] = masks[cause].Gate is not null
                ? masks[cause]
                : masks[cause] with { Gate = new([Math.Log(share / (1 - share))], []) };
        }

        return masks;
    }

    static bool HasSomeGaps(ColumnProfile profile) => profile.MissingShare is > 0 and < 1;

    // The gaps as a column of its own: 1 is missing.
    static ColumnProfile Gaps(ColumnProfile profile, ScmOptions options) => new(
        new Column(
            profile.Column.Name, ColumnKind.Boolean, [.. profile.Codes.Select(code => code < 0 ? 1.0 : 0)],
            ["present", "missing"]),
        options);

    static MissingMask Fit(
        ColumnProfile[] profiles,
        ColumnProfile?[] gaps,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        double share = profiles[index].MissingShare;
        if (gaps[index] is not { } mask)
        {
            return MissingMask.AtRandom(share);
        }

        var others = Enumerable.Range(0, profiles.Length)
            .Where(node => node != index && profiles[node].Values.Length > 1)
            .Select(node => (Cause: new MaskCause(node, false), Profile: profiles[node]))
            .Concat(Enumerable.Range(0, index).Where(node => gaps[node] is not null)
                .Select(node => (Cause: new MaskCause(node, true), Profile: gaps[node]!)))
            .ToArray();
        var causes = others
            .Select(other => (other.Cause, other.Profile, Association: Association(mask.Codes, other.Profile)))
            .Where(other => other.Association.PValue * others.Length < Level)
            .OrderByDescending(other => other.Association.Strength)
            .ThenBy(other => other.Cause.Node)
            .Take(MostCauses)
            .ToArray();
        if (causes.Length == 0)
        {
            return MissingMask.AtRandom(share);
        }

        // A stream of its own for the folds: a node's number is taken by its mechanism.
        var (gate, fit) = CategoricalFit.Gate(
            mask, code: 1, [.. causes.Select(cause => cause.Profile)], index + profiles.Length, options, forEach,
            orNone: true);
        return fit.Basis == "none"
            ? MissingMask.AtRandom(share)
            : new(share, [.. causes.Select(cause => cause.Cause)], gate);
    }

    // G = 2 Σ observed · log(observed / expected) of gaps against a column in bins, on rows where the column is present.
    static (double PValue, double Strength) Association(int[] gaps, ColumnProfile other)
    {
        int[] binOf = Bins(other);
        int bins = binOf.Max() + 1;
        var counts = new double[2, bins];
        for (int row = 0; row < gaps.Length; row++)
        {
            if (other.Codes[row] >= 0)
            {
                counts[gaps[row], binOf[other.Codes[row]]]++;
            }
        }

        double missing = 0, all = 0, g = 0;
        for (int bin = 0; bin < bins; bin++)
        {
            missing += counts[1, bin];
            all += counts[0, bin] + counts[1, bin];
        }

        if (missing == 0 || missing == all)
        {
            return (1, 0);
        }

        for (int bin = 0; bin < bins; bin++)
        {
            double inBin = counts[0, bin] + counts[1, bin];
            g += Term(counts[1, bin], inBin * missing / all) + Term(counts[0, bin], inBin * (all - missing) / all);
        }

        int freedom = bins - 1;
        return freedom == 0
            ? (1, 0)
            : (1 - ChiSquared.CDF(freedom, Math.Max(g, 0)), (g - freedom) / Math.Sqrt(2 * freedom));

        static double Term(double observed, double expected) =>
            observed > 0 ? 2 * observed * Math.Log(observed / expected) : 0;
    }

    // The bin of each of a column's values: itself, or one of a few of equal share.
    static int[] Bins(ColumnProfile profile)
    {
        if (profile.Values.Length <= (profile.Column.IsDiscrete ? MostListedLevels : MostBins))
        {
            return [.. Enumerable.Range(0, profile.Values.Length)];
        }

        var binOf = new int[profile.Values.Length];
        long below = 0;
        int bin = -1, last = -1;
        for (int i = 0; i < binOf.Length; i++)
        {
            int share = (int)(below * MostBins / profile.Present);
            bin += share > last ? 1 : 0;
            last = Math.Max(last, share);
            binOf[i] = bin;
            below += profile.Counts[i];
        }

        return binOf;
    }
}
