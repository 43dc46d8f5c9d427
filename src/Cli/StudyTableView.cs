using System.Globalization;
using CausalMixFT.Engine.Studies;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>What of a study is done: one line a table or an arm, then the total.</summary>
static class StudyTableView
{
    /// <summary>By table.</summary>
    public static Table ByTable(StudyPlan plan, IReadOnlyList<StudyDone> done) => Of("Table", unit => unit.Table, plan, done);

    /// <summary>By arm, whose name holds its generator's options.</summary>
    public static Table ByArm(StudyPlan plan, IReadOnlyList<StudyDone> done) => Of("Arm", unit => unit.Arm, plan, done);

    static Table Of(string first, Func<StudyUnit, string> key, StudyPlan plan, IReadOnlyList<StudyDone> done)
    {
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn(first);
        foreach (string heading in (string[])["Units", "Done", "Not possible", "Failed", "Left", "Seconds"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        var known = done.ToDictionary(unit => unit.Unit);
        var lines = plan.Units.GroupBy(key).Select(units => (units.Key, Line: Count(units, known))).ToArray();
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
