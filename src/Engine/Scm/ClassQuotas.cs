using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>Which class each row is to have, so that every beginning of the rows has the shares that were asked for.</summary>
/// <remarks>Classes that are not named share turns: whichever the model draws takes them, so they keep its proportions.</remarks>
sealed class ClassQuotas
{
    // Shares are whole millionths, so that the order of turns repeats.
    const int Whole = 1_000_000;

    // What rounding may leave of shares such as 0.333333.
    const int Rounding = Whole / 1000;

    readonly FairTurns _turns;
    readonly int[] _groupOf;

    // Of each level, the group that it belongs to, or −1 where it is not wanted; of each group, its share.
    ClassQuotas(int node, int[] groupOf, IReadOnlyList<int> weights)
    {
        (Node, _groupOf, _turns) = (node, groupOf, new(weights));
        Groups = weights.Count;
    }

    /// <summary>The column of classes.</summary>
    public int Node { get; }

    /// <summary>How many groups of classes have a share: each that is named, and the rest.</summary>
    public int Groups { get; }

    /// <summary>The group that a row is to be of.</summary>
    public int GroupOfRow(long row) => _turns[row];

    /// <summary>The group of a cell, or −1 where there is none.</summary>
    public int GroupOfCell(double cell) => double.IsNaN(cell) ? -1 : _groupOf[(int)cell];

    /// <summary>The levels of a group.</summary>
    public IEnumerable<int> LevelsOf(int group) => Enumerable.Range(0, _groupOf.Length).Where(level => _groupOf[level] == group);

    /// <summary>Equal shares of all classes that the column can have.</summary>
    /// <exception cref="InputException">There is no such column of classes.</exception>
    public static ClassQuotas Balanced(string column, IReadOnlyList<ScmNode> nodes)
    {
        int index = IndexOf(column, nodes);
        double[] levels = Observed(nodes[index]);
        int[] groupOf = [.. nodes[index].Levels.Select((_, level) => Array.IndexOf(levels, level))];
        return new(index, groupOf, [.. levels.Select(_ => 1)]);
    }

    /// <summary>Reads shares such as "churn:yes = 0.5"; unnamed classes share the rest.</summary>
    /// <param name="texts">Column, and a level after a colon unless the rarer of two is meant; =; share. One column in all.</param>
    /// <param name="nodes">The columns that there are.</param>
    /// <param name="rarer">Which of a column's two levels the model draws less often.</param>
    /// <exception cref="InputException">A text is no share, or the shares are more than all rows.</exception>
    public static ClassQuotas Parse(IReadOnlyList<string> texts, IReadOnlyList<ScmNode> nodes, Func<int, int> rarer)
    {
        int? target = null;
        var named = new Dictionary<int, int>();
        foreach (string text in texts)
        {
            var (left, weight) = Share(text);
            var (index, level) = Named(left, nodes);
            var node = nodes[index];
            if (target is { } other && other != index)
            {
                throw new InputException(
                    $"Class shares name the columns '{nodes[other].Name}' and '{node.Name}'; only one column's can be chosen.");
            }

            target = index;
            int chosen = level ?? (node.Levels.Count == 2
                ? rarer(index)
                : throw new InputException(
                    $"Column '{left}' has {node.Levels.Count} levels; say which one the share is of, "
                    + $"like \"{left}:{node.Levels[0]}=0.5\"."));
            if (!named.TryAdd(chosen, weight))
            {
                throw new InputException($"The share of '{node.Levels[chosen]}' in '{node.Name}' is given twice; keep one.");
            }
        }

        return Of(target!.Value, named, nodes[target.Value]);
    }

    static ClassQuotas Of(int index, Dictionary<int, int> named, ScmNode node)
    {
        double[] observed = Observed(node);
        foreach (var (level, weight) in named)
        {
            if (weight > 0 && !observed.Contains(level))
            {
                throw new InputException(
                    $"The model never draws class '{node.Levels[level]}' of '{node.Name}', so no row can have it; leave its share out.");
            }
        }

        int given = named.Values.Sum(), rest = Whole - given;
        bool anyLeft = observed.Any(level => !named.ContainsKey((int)level));
        if (rest < -Rounding || (rest > Rounding && !anyLeft))
        {
            throw new InputException(FormattableString.Invariant($"The class shares of '{node.Name}' sum to {(double)given / Whole}, ")
                + (rest < 0 ? "more than 1; lower them." : "less than 1, and no class is left for the rest; raise them."));
        }

        int[] levels = [.. named.Keys.Order()];
        bool isShared = anyLeft && rest > 0;
        int[] groupOf = [.. node.Levels.Select((_, level) =>
            named.ContainsKey(level) ? Array.IndexOf(levels, level) : isShared ? levels.Length : -1)];
        return new(index, groupOf, [.. levels.Select(level => named[level]), .. isShared ? [rest] : Array.Empty<int>()]);
    }

    // What stands before the last =, and the share behind it in millionths.
    static (string Left, int Weight) Share(string text)
    {
        int sign = text.LastIndexOf('=');
        string left = sign < 0 ? "" : text[..sign].Trim();
        return left.Length > 0
            && decimal.TryParse(text[(sign + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out decimal share)
            && share is >= 0 and <= 1 && share * Whole == decimal.Truncate(share * Whole)
            ? (left, (int)(share * Whole))
            : throw new InputException(
                $"The class share '{text}' cannot be read; write it like \"churn:yes=0.5\", "
                + "with a share from 0 to 1 of at most six decimals.");
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

    // The levels that can be drawn: a column that is set has one.
    static double[] Observed(ScmNode node)
    {
        double[] values = ((ValueList)node.Support).Values;
        return node.Mechanism is EmpiricalDistribution root ? [.. values.Where((_, code) => root.Counts[code] > 0)] : values;
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
