using System.Globalization;

namespace CausalMixFT.Engine.Studies;

/// <summary>One draw of rows: what all arms of a study are given together.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Rows">Training rows.</param>
/// <param name="Share">Share of the rarest class; null for the table's own shares.</param>
/// <param name="Split">Number of the split.</param>
public sealed record StudyDraw(string Table, int Rows, double? Share, int Split)
{
    /// <summary>A unit of work: an arm on this draw.</summary>
    public StudyUnit Unit(StudyArm arm) => new(Table, Rows, Share, Split, arm.Name);

    /// <summary>The draw in words, one for each draw.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Table}, split {Split}, {Rows} rows, share {ShareText(Share)}");

    /// <summary>A share as stores and study files write it.</summary>
    public static string ShareText(double? share) => share?.ToString("R", CultureInfo.InvariantCulture) ?? "natural";
}

/// <summary>All that a study has to do, in order: a pure function of the study and the names of its tables.</summary>
/// <remarks>
/// Splits come first, then tables, rows and shares, so that a study that is stopped early has a part of every table. A shard
/// takes every n-th draw.
/// </remarks>
/// <param name="Draws">The draws, in order.</param>
/// <param name="Arms">What is done with each.</param>
public sealed record StudyPlan(IReadOnlyList<StudyDraw> Draws, IReadOnlyList<StudyArm> Arms)
{
    /// <summary>The plan of a study.</summary>
    /// <param name="study">The study.</param>
    /// <param name="tables">Names of the tables in its folder.</param>
    public static StudyPlan Of(Study study, IReadOnlyList<string> tables)
    {
        ArgumentNullException.ThrowIfNull(study);
        var used = study.Include.Count > 0 ? study.Include : tables;
        return new(
            [..
                from split in Enumerable.Range(0, study.Splits)
                from table in used
                from rows in study.Rows
                from share in study.Shares
                select new StudyDraw(table, rows, share, split)],
            study.Arms);
    }

    /// <summary>The part of one machine of several.</summary>
    /// <param name="number">Which, from 1.</param>
    /// <param name="count">Of how many.</param>
    public StudyPlan Shard(int number, int count) =>
        this with { Draws = [.. Draws.Where((_, index) => index % count == number - 1)] };

    /// <summary>Every unit, in order.</summary>
    public IEnumerable<StudyUnit> Units => Draws.SelectMany(draw => Arms.Select(draw.Unit));

    /// <summary>How many units there are.</summary>
    public int Count => Draws.Count * Arms.Count;
}
