using System.Globalization;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Reporting;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>A comparison of two graphs on the terminal.</summary>
static class ComparisonTable
{
    /// <summary>What was found, what is true, and precision and recall of it.</summary>
    public static Table Of(GraphComparison comparison)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("").NoWrap().PadLeft(0));
        foreach (string name in (string[])["found", "true", "both", "precision", "recall", "F1"])
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap().PadLeft(0));
        }

        Add("adjacencies", comparison.Adjacencies);
        Add("arrowheads", comparison.Arrowheads);
        Add("  of common pairs", comparison.CommonArrowheads);
        Add("tails", comparison.Tails);
        Add("  of common pairs", comparison.CommonTails);
        if (comparison.Circles.Found + comparison.Circles.True > 0)
        {
            Add("circles", comparison.Circles);
            Add("  of common pairs", comparison.CommonCircles);
        }

        return table;

        void Add(string name, Agreement agreement) => table.AddRow(
            name, Whole(agreement.Found), Whole(agreement.True), Whole(agreement.Both), Share(agreement.Precision), Share(agreement.Recall),
            Share(agreement.F1));
    }

    /// <summary>The distance and what it is made of.</summary>
    public static string Distance(GraphComparison comparison) =>
        $"Structural Hamming distance: {comparison.StructuralHammingDistance} ({comparison.MissingEdges} missing, {comparison.ExtraEdges} extra, " +
        $"{comparison.DifferentMarks} with other marks) over {TaskSummary.Count(comparison.Variables, "variable")}";

    static string Share(double value) => double.IsNaN(value) ? "–" : value.ToString("0.000", CultureInfo.InvariantCulture);

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
