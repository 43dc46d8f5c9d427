using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// What given rows would have been, had some of their columns been set: abduction, action, prediction (Pearl 2009, ch. 7).
/// </summary>
/// <remarks>
/// <para>Each row's noise is recovered from its cells, the columns are set, and every column that they cause is computed anew
/// with the row's own noise; all other cells stay. An additive mechanism, or one with a link that is strictly increasing, tells
/// its noise exactly. Where several values of the noise give the same cell, one of them is drawn, by the seed, from those that
/// do: a class keeps its quantile, the uniform number that picked it, under the order of its levels; that coupling is a choice,
/// for data cannot tell it from others.</para>
/// <para>A cell that is missing stays so, and so does one that depends on a missing one.</para>
/// </remarks>
public static class Counterfactuals
{
    const uint Purpose = 0x63666163; // "cfac"

    /// <summary>The counterfactual rows.</summary>
    /// <param name="scm">The model.</param>
    /// <param name="rows">Rows with the model's columns, by name.</param>
    /// <param name="settings">The cell that each column is set to, by the node's place: numbers as they are, levels as their places.</param>
    /// <param name="seed">Draws noise where cells leave it open; a row's draws do not depend on the other rows.</param>
    /// <exception cref="InputException">A column is missing, a level is unknown, or a mechanism is one of the user's own.</exception>
    public static CounterfactualResult Compute(
        StructuralCausalModel scm, Table rows, IReadOnlyDictionary<int, double> settings, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(scm);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(settings);
        double[][] observed = [.. scm.Nodes.Select(node => Cells(node, rows[node.Name]))];
        double[][] cells = [.. observed.Select(column => (double[])column.Clone())];
        var random = new Philox(seed).Branch(Purpose);
        var changed = new HashSet<int>(settings.Keys);
        var drawn = new List<string>();
        foreach (var (node, value) in settings)
        {
            Array.Fill(cells[node], value);
        }

        foreach (int index in scm.CausalOrder)
        {
            var node = scm.Nodes[index];
            if (settings.ContainsKey(index) || !node.Parents.Any(changed.Contains)
                || node.Mechanism is EmpiricalDistribution or SmoothedDistribution)
            {
                continue;
            }

            changed.Add(index);
            var abduction = new Abduction(scm, index);
            if (!abduction.IsExact)
            {
                drawn.Add(node.Name);
            }

            double[] before = new double[node.Parents.Count], after = new double[node.Parents.Count];
            for (int row = 0; row < rows.Rows; row++)
            {
                for (int j = 0; j < before.Length; j++)
                {
                    (before[j], after[j]) = (observed[node.Parents[j]][row], cells[node.Parents[j]][row]);
                }

                // A cause that is unknown before and after may still have changed, if anything that it depends on has.
                bool unknown = node.Parents.Any(parent => changed.Contains(parent) && double.IsNaN(cells[parent][row]));
                if (!unknown && before.AsSpan().SequenceEqual(after))
                {
                    continue;
                }

                bool known = !double.IsNaN(observed[index][row]) && !before.Any(double.IsNaN) && !after.Any(double.IsNaN);
                cells[index][row] = known
                    ? abduction.Predict(observed[index][row], before, after, random, (uint)row)
                    : double.NaN;
            }
        }

        var table = new Table([.. scm.Nodes.Select((node, i) => new Column(
            node.Name, node.Kind, cells[i], node.IsDiscrete ? node.Levels : null, node.Decimals))]);
        return new(table, [.. changed.Except(settings.Keys).Order().Select(node => scm.Nodes[node].Name)], drawn);
    }

    static double[] Cells(ScmNode node, Column column)
    {
        if (node.IsDiscrete != column.IsDiscrete)
        {
            throw new InputException(
                $"Column '{node.Name}' is {node.Kind} in the model and {column.Kind} in the rows; read the rows with the model's kinds.");
        }

        if (!node.IsDiscrete)
        {
            return column.Values.ToArray();
        }

        var places = new double[column.Levels.Count];
        for (int level = 0; level < places.Length; level++)
        {
            places[level] = node.Levels.ToList().IndexOf(column.Levels[level]);
        }

        var cells = column.Values.ToArray();
        for (int row = 0; row < cells.Length; row++)
        {
            if (double.IsNaN(cells[row]))
            {
                continue;
            }

            string name = column.Levels[(int)cells[row]];
            cells[row] = places[(int)cells[row]];
            if (cells[row] < 0)
            {
                throw new InputException(
                    $"Row {row + 1} has '{name}' in column '{node.Name}', which the model has not seen: its levels are "
                    + $"{ColumnNames.List(node.Levels)}.");
            }
        }

        return cells;
    }
}

/// <summary>Counterfactual rows.</summary>
/// <param name="Table">The rows.</param>
/// <param name="Changed">Columns that were computed anew, besides those that were set.</param>
/// <param name="Drawn">Those of them whose noise their cells leave open, so that it was drawn.</param>
public sealed record CounterfactualResult(Table Table, IReadOnlyList<string> Changed, IReadOnlyList<string> Drawn);
