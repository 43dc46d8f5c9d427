using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Scm;

/// <summary>do(X = x): a column is set from outside, so that its causes no longer matter to it (Pearl 2009, ch. 3).</summary>
/// <param name="Node">The column.</param>
/// <param name="Value">The cell it is set to: a number, or a level's place.</param>
public sealed record Intervention(int Node, double Value)
{
    // Log-odds of a missing cell that is never missing.
    const double Never = -100;

    // With as many a column shows a double's full precision.
    const int MostDecimals = 15;

    /// <summary>Reads "treatment = 1", or several joined by "and".</summary>
    /// <param name="text">Column, =, value; quotes around either where they hold spaces or signs.</param>
    /// <param name="nodes">The columns that there are.</param>
    /// <exception cref="InputException">The text is no such assignment, or names what there is not, or one column twice.</exception>
    public static IReadOnlyList<Intervention> Parse(string text, IReadOnlyList<ScmNode> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var set = RowCondition.Parse(text, nodes);
        if (set.Any(one => one.Comparison != Comparison.Equal))
        {
            throw new InputException($"The intervention '{text}' sets no column; write it like \"treatment = 1\".");
        }

        return Distinct([.. set.Select(one => new Intervention(one.Node, one.Values[0]))], nodes);
    }

    /// <summary>Reads several such texts.</summary>
    /// <exception cref="InputException">A text is no such assignment, or a column is set twice.</exception>
    internal static IReadOnlyList<Intervention> ParseAll(IReadOnlyList<string> texts, IReadOnlyList<ScmNode> nodes) =>
        Distinct([.. texts.SelectMany(text => Parse(text, nodes))], nodes);

    static Intervention[] Distinct(Intervention[] set, IReadOnlyList<ScmNode> nodes) =>
        set.GroupBy(one => one.Node).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new InputException($"The interventions set one column twice, '{nodes[twice.Key].Name}'; keep one of the two.")
            : set;

    /// <summary>The model in which the column is set: it has no causes, and no cell of it is missing.</summary>
    /// <param name="scm">The model.</param>
    /// <param name="beyondSupport">Whether a number outside the observed interval is allowed.</param>
    /// <exception cref="InputException">The value is not among those observed.</exception>
    public StructuralCausalModel On(StructuralCausalModel scm, bool beyondSupport = false)
    {
        ArgumentNullException.ThrowIfNull(scm);
        var nodes = scm.Nodes.ToArray();
        var node = nodes[Node];
        bool tellsOthers = nodes.Any(other => other.Missing.Causes.Contains(new(Node, true)));
        var (support, mechanism) = Constant(node, beyondSupport);
        nodes[Node] = node with
        {
            Parents = [],
            Missing = tellsOthers ? new(0, [], new([Never], [])) : MissingMask.None,
            Support = support,
            Decimals = Written(node).Decimals,
            Mechanism = mechanism,
        };
        return new(nodes);
    }

    // The cell is written as it was set, though no observed cell had as many decimals.
    ScmNode Written(ScmNode node) => node.Kind != ColumnKind.Numeric ? node : node with
    {
        Decimals = Math.Min(Math.Max(node.Decimals, Column.DecimalsOf(Value.ToString("R", CultureInfo.InvariantCulture))), MostDecimals),
    };

    (Support, ICausalMechanism) Constant(ScmNode node, bool beyondSupport)
    {
        if (node.Kind is ColumnKind.Integer or ColumnKind.Date && Value != Math.Floor(Value))
        {
            throw new InputException(FormattableString.Invariant(
                $"Column '{node.Name}' holds whole numbers and cannot be set to {Value}; give a whole number."));
        }

        if (node.Support is ValueList list)
        {
            // The list stays: children know its values by their places.
            var counts = new int[list.Values.Length];
            int place = Array.BinarySearch(list.Values, Value);
            if (place < 0)
            {
                throw new InputException(
                    $"Column '{node.Name}' was never {Written(node).Text(Value)}: its values are "
                    + $"{ColumnNames.List(list.Values.Select(value => node.Text(value)))}; set it to one of them.");
            }

            counts[place] = 1;
            return (list, new EmpiricalDistribution(counts));
        }

        var range = (ValueRange)node.Support;
        if (!beyondSupport && (Value < range.Min || Value > range.Max))
        {
            throw new InputException(
                $"Column '{node.Name}' was never {Written(node).Text(Value)}: it was observed from "
                + $"{node.Text(range.Min)} to {node.Text(range.Max)}, "
                + "and nothing is known beyond; choose a value inside, or allow values beyond the support.");
        }

        double standardised = (Value - range.Centre) / range.Spread;
        return (range with { Min = Value, Max = Value }, new SmoothedDistribution(new([0, 1], [standardised, standardised])));
    }
}
