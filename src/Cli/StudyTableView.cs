using System.Globalization;
using CausalMixFT.Engine.Studies;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>What of a study is done, as a table: one line a table, then the total.</summary>
static class StudyTableView
{
    /// <summary>The table.</summary>
    public static Table Of(StudyPlan plan, IReadOnlyList<StudyDone> done)
    {
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("Table");
        foreach (string heading in (string[])["Units", "Done", "Not possible", "Failed", "Left", "Seconds"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        var known = done.ToDictionary(unit => unit.Unit);
        var lines = plan.Units.GroupBy(unit => unit.Table).Select(units => (units.Key, Line: Count(units, known))).ToArray();
        foreach (var (name, line) in lines)
        {
            table.AddRow([Markup.Escape(name), .. line.Select(Cell)]);
        }

        if (lines.Length > 1)
        {
            table.AddRow(["All", .. Enumerable.Range(0, lines[0].Line.Length).Select(i => Cell(lines.Sum(line => line.Line[i])))]);
        }

        return table;
    }

    static double[] Count(IEnumerable<StudyUnit> units, Dictionary<StudyUnit, StudyDone> known)
    {
        StudyUnit[] all = [.. units];
        StudyDone[] done = [.. all.Where(known.ContainsKey).Select(unit => known[unit])];
        int impossible = done.Count(unit => unit.IsNotPossible), failed = done.Count(unit => unit.Fault is not null) - impossible;
        return [all.Length, done.Length - impossible - failed, impossible, failed, all.Length - done.Length, Math.Round(done.Sum(unit => unit.Elapsed))];
    }

    static string Cell(double count) => count.ToString("0", CultureInfo.InvariantCulture);
}
