using System.Globalization;
using System.Text;
using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Benchmarks.Calibration;

/// <summary>The command <c>calibrate</c>: prints docs/calibration.md's tables of false-positive rates.</summary>
public static class CalibrationTable
{
    static readonly int[] Sizes = [200, 500, 2000], LevelCounts = [2, 5, 8];

    // KCI's cost grows with n³: 3,000 tables of 2,000 rows would take a day.
    static readonly int[] KernelSizes = [200, 500];

    /// <summary>Runs the study, a section for each family, and writes it as Markdown.</summary>
    /// <param name="repetitions">Tables a cell; 3,000 in the committed file.</param>
    /// <param name="only">The one section to run, or null for all.</param>
    /// <param name="output">Where to.</param>
    public static void Write(int repetitions, string? only, TextWriter output)
    {
        StudiedTest mixed = StudiedTest.Of("mixed", TestChoice.Mixed), basis = StudiedTest.Of("basis", TestChoice.Basis);
        StudiedTest fisherZ = StudiedTest.Of("fisherz", TestChoice.FisherZ), gsq = StudiedTest.Of("gsq", TestChoice.GSquared);
        var ranks = StudiedTest.Of("fisherz on ranks", TestChoice.FisherZ, new() { RankNormalise = true });
        var basisOnRanks = StudiedTest.Of("basis on ranks", TestChoice.Basis, new() { RankNormalise = true });
        StudiedTest kci = StudiedTest.Of("kci", TestChoice.Kci), rcot = StudiedTest.Of("rcot", TestChoice.Rcot);
        var chisq = StudiedTest.Of("chisq", TestChoice.ChiSquare);

        Section("Categories", NullFamily.Categories, LevelCounts, false, [mixed, StudiedTest.TraceForm, gsq, chisq]);
        Section("A number and a category", NullFamily.NumberByCategory, LevelCounts, false, [mixed, StudiedTest.TraceForm, basis]);
        Section("Numbers", NullFamily.Numbers, [0], false, [fisherZ, ranks, mixed, basis]);
        Section("Numbers with heavy tails", NullFamily.HeavyTails, [0], false, [fisherZ, ranks, mixed, basis]);
        Section("Numbers on warped scales", NullFamily.Warped, [0], false, [fisherZ, ranks, mixed, basis, basisOnRanks]);
        Section("Numbers on curves", NullFamily.Curves, [0], false, [fisherZ, mixed, basis]);
        Section("Categories with gaps", NullFamily.Categories, [2, 5], true, [gsq, chisq, mixed]);
        Section("A number and a category with gaps", NullFamily.NumberByCategory, [5], true, [mixed, basis]);
        Section("Numbers with gaps", NullFamily.Numbers, [0], true, [fisherZ, mixed, basis]);
        Section("Numbers, kernel tests", NullFamily.Numbers, [0], false, [kci, rcot], KernelSizes);
        Section("Numbers on curves, kernel tests", NullFamily.Curves, [0], false, [kci, rcot], KernelSizes);

        void Section(string title, NullFamily family, int[] levels, bool gaps, StudiedTest[] tests, int[]? sizes = null)
        {
            if (only is not null && only != title)
            {
                return;
            }

            var cases = (
                from count in levels
                from skewed in count == 0 ? (bool[])[false] : [false, true]
                from rows in sizes ?? Sizes
                select new NullCase(family, rows, count, skewed, gaps)).ToArray();
            FalsePositives[] counts = [.. cases.Select(of => FalsePositives.Count(of, tests, repetitions))];
            output.Write($"## {title}\n\n");
            for (int test = 0; test < tests.Length; test++)
            {
                output.Write(Table(tests[test].Name, test, cases, counts));
                output.Flush();
            }
        }
    }

    static string Table(string name, int test, NullCase[] cases, FalsePositives[] counts)
    {
        var text = new StringBuilder();
        int outside = 0, cells = 0, outsideFrom500 = 0, cellsFrom500 = 0;
        bool levels = cases[0].Levels > 0;
        text.Append(levels ? "| levels | n " : "| n ").Append("| 5 %: S = 0 | 1 | 2 | 3 | 1 %: S = 0 | 1 | 2 | 3 |\n");
        text.Append(levels ? "|---" : "").Append("|---|---|---|---|---|---|---|---|---|\n");
        for (int i = 0; i < cases.Length; i++)
        {
            text.Append(levels ? $"| {cases[i].Levels}{(cases[i].Skewed ? " skewed" : "")} " : "").Append($"| {cases[i].Rows} ");
            for (int level = 0; level < FalsePositives.Levels.Count; level++)
            {
                for (int given = 0; given <= NullTables.MostGiven; given++)
                {
                    var (low, high) = counts[i].Interval(test, given, level);
                    bool inside = low <= FalsePositives.Levels[level] && FalsePositives.Levels[level] <= high;
                    (cells, outside) = (cells + 1, outside + (inside ? 0 : 1));
                    if (cases[i].Rows >= 500)
                    {
                        (cellsFrom500, outsideFrom500) = (cellsFrom500 + 1, outsideFrom500 + (inside ? 0 : 1));
                    }

                    string rate = Percent(counts[i].Rate(test, given, level));
                    text.Append($"| {(inside ? rate : $"**{rate}**")} ({Percent(low)}–{Percent(high)}) ");
                }
            }

            text.Append("|\n");
        }

        return $"### {name}: {cells - outside} of {cells} intervals hold the nominal level; {cellsFrom500 - outsideFrom500} of " +
            $"{cellsFrom500} from n = 500 on\n\n{text}\n";
    }

    static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
