using System.Globalization;
using CausalMixFT.Engine.Scm;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>A model's mechanisms, and what they were chosen over, on the terminal.</summary>
static class MechanismTable
{
    const int MostRows = 40;

    /// <summary>A line for each node.</summary>
    public static Table Of(StructuralCausalModel scm)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("Column").PadLeft(0));
        table.AddColumn("Causes").AddColumn("Mechanism");
        table.AddColumn(new TableColumn("Loss").RightAligned()).AddColumn("Also tried");
        table.Caption = new TableTitle("out of fold: log-loss of classes, CRPS of numbers on the scale of their noise");
        foreach (var node in scm.Nodes.Take(MostRows))
        {
            var chosen = node.Fit.Candidates.FirstOrDefault(candidate => candidate.Name == node.Fit.Basis);
            var others = node.Fit.Candidates.Where(candidate => candidate != chosen);
            table.AddRow(
                Markup.Escape(node.Name),
                Markup.Escape(string.Join(", ", node.Parents.Select(parent => scm.Nodes[parent].Name))),
                Markup.Escape(chosen is null ? node.Mechanism.Name : $"{node.Mechanism.Name}: {chosen.Name}"),
                chosen is null ? "" : Number(chosen.Loss),
                Markup.Escape(string.Join(", ", others.Select(other => $"{other.Name} {Number(other.Loss)}"))));
        }

        if (scm.Nodes.Count > MostRows)
        {
            table.AddRow($"… {scm.Nodes.Count - MostRows} more");
        }

        return table;
    }

    static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
