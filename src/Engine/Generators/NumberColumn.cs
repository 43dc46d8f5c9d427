using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>What the numbers of a column may be: its range, its grid, and the values that are many rows' own.</summary>
/// <param name="Low">The smallest number of the task's rows.</param>
/// <param name="High">The largest.</param>
/// <param name="Decimals">Decimals of the grid, or null where there is none.</param>
/// <param name="Mean">The mean; 0 where there is no number.</param>
/// <param name="Deviation">The standard deviation; 1 where numbers do not vary.</param>
/// <param name="Atoms">Values that one row in ten or more has: spikes, such as the zeros of an amount.</param>
sealed record NumberColumn(double Low, double High, int? Decimals, double Mean, double Deviation, IReadOnlySet<double> Atoms)
{
    // A double holds 15 decimal digits of any number; a column with more decimals has no grid.
    const int FullPrecision = 15;

    const double LeastAtom = 0.1;

    /// <summary>What the numbers of some of a column's rows are.</summary>
    public static NumberColumn Of(Column column, IEnumerable<int>? rows = null)
    {
        var cells = column.Memory;
        double[] present = [.. (rows ?? Enumerable.Range(0, column.Rows)).Select(row => cells.Span[row]).Where(cell => !double.IsNaN(cell))];
        if (present.Length == 0)
        {
            return new(0, 0, null, 0, 1, new HashSet<double>());
        }

        // Squares of numbers up to 1.8e308 need the scale taken out first.
        double scale = present.Max(Math.Abs) is var most and > 0 ? most : 1;
        double mean = present.Average(value => value / scale);
        double variance = present.Average(value => (value / scale - mean) * (value / scale - mean));
        var atoms = present.CountBy(value => value).Where(pair => pair.Value > 1 && pair.Value >= LeastAtom * present.Length);
        int? decimals = column.Kind != ColumnKind.Numeric ? 0 : column.Decimals < FullPrecision ? column.Decimals : null;
        double deviation = Math.Sqrt(variance) * scale;
        return new(present.Min(), present.Max(), decimals, mean * scale, deviation > 0 ? deviation : 1, atoms.Select(pair => pair.Key).ToHashSet());
    }

    /// <summary>The nearest value on the grid and in the range.</summary>
    public double Fit(double value) =>
        Math.Clamp(Decimals is { } decimals ? Math.Round(Math.Clamp(value, Low, High), decimals) : value, Low, High);

    /// <summary>The value a share of the way between two; of an atom and another value, the nearer.</summary>
    /// <param name="from">The value at 0.</param>
    /// <param name="to">The value at 1.</param>
    /// <param name="share">How far to go.</param>
    /// <param name="keepAtoms">Whether an atom stays itself or is a number like others.</param>
    public double Between(double from, double to, double share, bool keepAtoms)
    {
        if (double.IsNaN(from) || double.IsNaN(to) || from == to || (keepAtoms && (Atoms.Contains(from) || Atoms.Contains(to))))
        {
            return share < 0.5 ? from : to;
        }

        return Fit(from + share * (to - from));
    }
}
