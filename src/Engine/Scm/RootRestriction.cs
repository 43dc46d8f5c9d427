using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>Draws roots so that conditions on them hold from the start, where rejection would throw rows away.</summary>
/// <remarks>
/// Roots are independent of each other, so the model given conditions on roots is the model with each root's distribution
/// given its own conditions: this is exact. Whoever samples still checks every row, for a number at an edge may be rounded
/// across it.
/// </remarks>
static class RootRestriction
{
    /// <summary>The model with restricted roots; the same model where no root is constrained.</summary>
    public static StructuralCausalModel Apply(StructuralCausalModel scm, IReadOnlyList<RowCondition> conditions)
    {
        var nodes = scm.Nodes.ToArray();
        foreach (var group in conditions.GroupBy(condition => condition.Node))
        {
            var node = nodes[group.Key];
            if (Restricted(node, [.. group]) is not { } mechanism)
            {
                continue;
            }

            // A condition holds of no missing cell; where gaps depend on nothing, leaving them out changes nothing else.
            nodes[group.Key] = node with
            {
                Mechanism = mechanism,
                Missing = node.Missing.Gate is null ? MissingMask.None : node.Missing,
            };
        }

        return new(nodes);
    }

    /// <summary>Complains about conditions that no row can meet, before any is drawn.</summary>
    /// <exception cref="InputException">A column never has a value that meets its conditions.</exception>
    public static void Check(StructuralCausalModel scm, IReadOnlyList<RowCondition> conditions, bool beyondSupport)
    {
        foreach (var group in conditions.GroupBy(condition => condition.Node))
        {
            var node = scm.Nodes[group.Key];
            string? has = node.Support switch
            {
                ValueList list when !Possible(node, list).Any(value => group.All(condition => condition.Holds(value))) =>
                    $"its values are {ColumnNames.List(Possible(node, list).Select(node.Text))}",
                ValueRange range when !beyondSupport && !group.All(condition => condition.CanHold(range.Min, range.Max)) =>
                    $"its values go from {node.Text(range.Min)} to {node.Text(range.Max)}",
                _ => null,
            };
            if (has is not null)
            {
                throw new InputException($"No row can meet the conditions on '{node.Name}': {has}; ask for values among them.");
            }
        }
    }

    static IEnumerable<double> Possible(ScmNode node, ValueList list) => node.Mechanism is EmpiricalDistribution root
        ? list.Values.Where((_, code) => root.Counts[code] > 0)
        : list.Values;

    static ICausalMechanism? Restricted(ScmNode node, RowCondition[] conditions) => node.Mechanism switch
    {
        EmpiricalDistribution root => Restricted(root, ((ValueList)node.Support).Values, conditions),
        SmoothedDistribution root => Restricted(root, (ValueRange)node.Support, conditions),
        _ => null,
    };

    static EmpiricalDistribution? Restricted(EmpiricalDistribution root, double[] values, RowCondition[] conditions)
    {
        int[] counts = [.. root.Counts.Select((count, code) => conditions.All(condition => condition.Holds(values[code])) ? count : 0)];
        return counts.Sum() > 0 ? new(counts) : null;
    }

    // The part of the quantile function between the bounds; conditions that are no bounds are left to the check.
    static SmoothedDistribution? Restricted(SmoothedDistribution root, ValueRange range, RowCondition[] conditions)
    {
        double low = double.NegativeInfinity, high = double.PositiveInfinity, half = range.Grid / 2;
        foreach (var condition in conditions)
        {
            double value = condition.Values[0];
            switch (condition.Comparison)
            {
                // Cells are rounded onto the grid, so the bound of a cell is half a step from that of the number before.
                case Comparison.Less or Comparison.AtMost:
                    high = Math.Min(high, value + half);
                    break;
                case Comparison.Greater or Comparison.AtLeast:
                    low = Math.Max(low, value - half);
                    break;
                case Comparison.Equal:
                    (low, high) = (Math.Max(low, value - half), Math.Min(high, value + half));
                    break;
            }
        }

        double[] at = root.Quantiles.At, to = root.Quantiles.To;
        double from = Probability((low - range.Centre) / range.Spread), until = Probability((high - range.Centre) / range.Spread);
        if (!(until > from))
        {
            return null;
        }

        int[] inside = [.. Enumerable.Range(0, at.Length).Where(i => at[i] > from && at[i] < until)];
        double[] p = [from, .. inside.Select(i => at[i]), until];
        return new(new(
            [.. p.Select(value => (value - from) / (until - from))],
            [.. p.Select(value => Equation.Interpolate(root.Quantiles, value))]));

        // P(X ≤ x): the quantile function read backwards; the share before the first knot is at the smallest value.
        double Probability(double x)
        {
            if (x < to[0])
            {
                return 0;
            }

            if (x >= to[^1])
            {
                return 1;
            }

            int next = Array.FindIndex(to, value => value > x);
            double width = to[next] - to[next - 1];
            return at[next - 1] + (width > 0 ? (x - to[next - 1]) / width : 0) * (at[next] - at[next - 1]);
        }
    }
}
