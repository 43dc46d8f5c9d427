using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>How many rows of each class a stretch of rows has, and in which order.</summary>
/// <param name="Node">The column of classes.</param>
/// <param name="Shares">Each level's share, summing to 1.</param>
sealed record ClassQuotas(int Node, double[] Shares)
{
    /// <summary>The classes of rows <paramref name="first"/> … of <paramref name="count"/>, in an even mix.</summary>
    /// <remarks>
    /// Classes but the largest have ⌊last · share⌋ − ⌊first · share⌋ rows, so that any number of stretches together keep the
    /// shares to within a row. Inside, the class that is furthest behind comes next.
    /// </remarks>
    public int[] ClassesOf(long first, int count)
    {
        int largest = Array.IndexOf(Shares, Shares.Max());
        int[] quota = [.. Shares.Select((share, k) => k == largest ? 0 : (int)(Math.Floor((first + count) * share) - Math.Floor(first * share)))];
        quota[largest] = count - quota.Sum();
        var classes = new int[count];
        var given = new int[quota.Length];
        for (int row = 0; row < count; row++)
        {
            int next = 0;
            double most = double.NegativeInfinity;
            for (int k = 0; k < quota.Length; k++)
            {
                double behind = (row + 1.0) * quota[k] / count - given[k];
                if (given[k] < quota[k] && behind > most)
                {
                    (next, most) = (k, behind);
                }
            }

            classes[row] = next;
            given[next]++;
        }

        return classes;
    }

    /// <summary>Equal shares of all classes that the column can have.</summary>
    /// <exception cref="InputException">There is no such column of classes.</exception>
    public static ClassQuotas Balanced(string column, IReadOnlyList<ScmNode> nodes)
    {
        int index = IndexOf(column, nodes);
        var shares = new double[nodes[index].Levels.Count];
        double[] values = ((ValueList)nodes[index].Support).Values;
        foreach (double level in values)
        {
            shares[(int)level] = 1.0 / values.Length;
        }

        return new(index, shares);
    }

    /// <summary>Reads shares such as "churn:yes = 0.5"; unnamed classes share the rest.</summary>
    /// <param name="texts">Column, and a level after a colon unless the rarer of two is meant; =; share. One column in all.</param>
    /// <param name="nodes">The columns that there are.</param>
    /// <param name="proportions">A column's own shares of its levels, for what is left.</param>
    /// <exception cref="InputException">A text is no share, or the shares are more than all rows.</exception>
    public static ClassQuotas Parse(IReadOnlyList<string> texts, IReadOnlyList<ScmNode> nodes, Func<int, double[]> proportions)
    {
        int? target = null;
        var named = new Dictionary<int, double>();
        double[] own = [];
        foreach (string text in texts)
        {
            int sign = text.LastIndexOf('=');
            string left = sign < 0 ? "" : text[..sign].Trim();
            if (left.Length == 0
                || !double.TryParse(text[(sign + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
                || !(share is >= 0 and <= 1))
            {
                throw new InputException(
                    $"The class share '{text}' cannot be read; write it like \"churn:yes=0.5\", with a share from 0 to 1.");
            }

            var (index, level) = Named(left, nodes);
            if (target is { } other && other != index)
            {
                throw new InputException(
                    $"Class shares name the columns '{nodes[other].Name}' and '{nodes[index].Name}'; only one column's can be chosen.");
            }

            own = target is null ? proportions(index) : own;
            target = index;
            int chosen = level ?? (nodes[index].Levels.Count == 2
                ? (own[0] <= own[1] ? 0 : 1)
                : throw new InputException(
                    $"Column '{left}' has {nodes[index].Levels.Count} levels; say which one the share is of, like \"{left}:{nodes[index].Levels[0]}=0.5\"."));
            if (!named.TryAdd(chosen, share))
            {
                throw new InputException($"The share of '{nodes[index].Levels[chosen]}' in '{nodes[index].Name}' is given twice; keep one.");
            }
        }

        return new(target!.Value, Complete(named, own, nodes[target.Value]));
    }

    static double[] Complete(Dictionary<int, double> named, double[] own, ScmNode node)
    {
        double given = named.Values.Sum(), rest = own.Where((_, level) => !named.ContainsKey(level)).Sum();
        if (given > 1 + 1e-9 || (given < 1 - 1e-9 && rest == 0))
        {
            throw new InputException(FormattableString.Invariant(
                $"The class shares of '{node.Name}' sum to {given}, ") + (given > 1 ? "more than 1." : "less than 1, and no class is left for the rest."));
        }

        double left = Math.Max(0, 1 - given);
        return [.. own.Select((share, level) => named.TryGetValue(level, out double asked) ? asked : rest > 0 ? left * share / rest : 0)];
    }

    // "column:level"; a colon may also be part of the column's own name.
    static (int Index, int? Level) Named(string text, IReadOnlyList<ScmNode> nodes)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0 || nodes.Any(node => node.Name == text))
        {
            return (IndexOf(text, nodes), null);
        }

        int index = IndexOf(text[..colon], nodes);
        return (index, (int)RowCondition.Cell(text[(colon + 1)..], nodes[index]));
    }

    static int IndexOf(string column, IReadOnlyList<ScmNode> nodes)
    {
        int index = RowCondition.IndexOf(column, nodes);
        return nodes[index].IsDiscrete
            ? index
            : throw new InputException(
                $"Column '{column}' holds numbers, which have no class shares; columns of classes are "
                + $"{ColumnNames.List(nodes.Where(node => node.IsDiscrete).Select(node => node.Name))}.");
    }
}
