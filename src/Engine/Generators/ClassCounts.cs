using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>How many rows of each class are to be drawn.</summary>
public static class ClassCounts
{
    // What rounding may leave of shares such as 0.333333.
    const double Rounding = 1e-3;

    /// <summary>Counts in the table's own proportions.</summary>
    public static int[] Natural(ClassificationTask task, int rows)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Rounded(Sizes(task), rows);
    }

    /// <summary>Counts that differ by one at the most.</summary>
    public static int[] Balanced(ClassificationTask task, int rows)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Rounded([.. Sizes(task).Select(size => Math.Min(size, 1))], rows);
    }

    /// <summary>
    /// Counts by shares such as "churn:yes = 0.5", or "churn = 0.5" for the rarer of two; other classes share the rest as in the table.
    /// </summary>
    /// <param name="task">The table and its target.</param>
    /// <param name="rows">How many rows in all.</param>
    /// <param name="texts">The target, and a class after a colon unless the rarer of two is meant; =; share.</param>
    /// <exception cref="InputException">A text is no share of the target's, or the shares are not all rows.</exception>
    public static int[] ByShares(ClassificationTask task, int rows, IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(texts);
        var shares = new double?[task.ClassNames.Count];
        foreach (string text in texts)
        {
            var (k, share) = Share(task, text);
            if (shares[k] is not null)
            {
                throw new InputException($"The share of '{task.ClassNames[k]}' in '{task.Target}' is given twice; keep one.");
            }

            shares[k] = share;
        }

        double[] sizes = Sizes(task);
        double rest = 1 - shares.Sum(share => share ?? 0), left = sizes.Where((_, k) => shares[k] is null).Sum();
        if (rest < -Rounding || (rest > Rounding && left == 0))
        {
            throw new InputException(FormattableString.Invariant($"The class shares of '{task.Target}' sum to {1 - rest}, ")
                + (rest < 0 ? "more than 1; lower them." : "less than 1, and no class is left for the rest; raise them."));
        }

        return Rounded([.. sizes.Select((size, k) => shares[k] ?? (left > 0 ? Math.Max(rest, 0) * size / left : 0))], rows);
    }

    // Largest remainders (Hamilton): whole counts that add up.
    static int[] Rounded(double[] weights, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        double sum = weights.Sum();
        double[] exact = [.. weights.Select(weight => weight * rows / sum)];
        int[] counts = [.. exact.Select(count => (int)count)];
        int missing = rows - counts.Sum();
        foreach (int k in Enumerable.Range(0, counts.Length).OrderByDescending(k => exact[k] - counts[k]).Take(missing))
        {
            counts[k]++;
        }

        return counts;
    }

    static double[] Sizes(ClassificationTask task)
    {
        var sizes = new double[task.ClassNames.Count];
        foreach (int label in task.Labels)
        {
            sizes[label]++;
        }

        return sizes;
    }

    static (int Class, double Share) Share(ClassificationTask task, string text)
    {
        int sign = text.LastIndexOf('=');
        string left = sign < 0 ? "" : text[..sign].Trim();
        if (left.Length == 0 || !double.TryParse(text[(sign + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            || share is not (>= 0 and <= 1))
        {
            throw new InputException(
                $"The class share '{text}' cannot be read; write it like \"{task.Target}:{task.ClassNames[^1]}=0.5\", with a share from 0 to 1.");
        }

        if (left == task.Target)
        {
            double[] sizes = Sizes(task);
            return sizes.Length == 2 ? (sizes[1] <= sizes[0] ? 1 : 0, share) : throw new InputException(
                $"The target '{task.Target}' has {sizes.Length} classes; say which one the share is of, " +
                $"like \"{task.Target}:{task.ClassNames[0]}=0.5\".");
        }

        string prefix = task.Target + ":";
        int k = left.StartsWith(prefix, StringComparison.Ordinal) ? task.ClassNames.ToList().IndexOf(left[prefix.Length..].Trim()) : -1;
        return k >= 0 ? (k, share) : throw new InputException(
            $"The class share '{text}' is of no class of the target '{task.Target}', whose classes are {ColumnNames.List(task.ClassNames)}.");
    }
}
