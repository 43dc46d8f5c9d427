using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>A column of both tables, as numbers and as the cells of a contingency table.</summary>
/// <remarks>
/// Numbers are cut as numpy's histogram_bin_edges and digitize cut them: ten bins of equal width between the smallest and the
/// largest value, one bin below, and one from the largest value on. Missing is a level of names; a missing number is in the last
/// bin for SDMetrics, and a bin of its own here.
/// </remarks>
sealed class PairedColumn
{
    const int Bins = 10;

    // Below, ten bins, from the largest value on; then missing.
    const int MissingBin = Bins + 2;

    public PairedColumn(Column real, Column synthetic)
    {
        Name = real.Name;
        IsDiscrete = real.IsDiscrete;
        Levels = Math.Max(real.Levels.Count, synthetic.Levels.Count);
        Real = real.Values.ToArray();
        Synthetic = synthetic.Values.ToArray();
        HasMissing = Array.Exists(Real, double.IsNaN) || Array.Exists(Synthetic, double.IsNaN);
        IsConstant = !IsDiscrete && (IsSingle(Real) || IsSingle(Synthetic));
        if (IsDiscrete)
        {
            RealCells = Array.ConvertAll(Real, Cell);
            SyntheticCells = OwnCells = Array.ConvertAll(Synthetic, Cell);
            OwnRealCells = RealCells;
            return;
        }

        double[] edges = Edges(Real), own = Edges(Synthetic);
        RealCells = Array.ConvertAll(Real, value => Bin(value, edges, MissingBin));
        SyntheticCells = Array.ConvertAll(Synthetic, value => Bin(value, edges, MissingBin));
        OwnRealCells = Array.ConvertAll(Real, value => Bin(value, edges, Bins + 1));
        OwnCells = Array.ConvertAll(Synthetic, value => Bin(value, own, Bins + 1));
    }

    public string Name { get; }

    public bool IsDiscrete { get; }

    public int Levels { get; }

    /// <summary>The values; NaN is missing.</summary>
    public double[] Real { get; }

    public double[] Synthetic { get; }

    public bool HasMissing { get; }

    /// <summary>Whether a table has one number only.</summary>
    public bool IsConstant { get; }

    /// <summary>Levels, or bins between the real column's edges.</summary>
    public int[] RealCells { get; }

    public int[] SyntheticCells { get; }

    /// <summary>The cells of SDMetrics' report: each table's bins lie between its own edges.</summary>
    public int[] OwnRealCells { get; }

    public int[] OwnCells { get; }

    int Cell(double value) => double.IsNaN(value) ? Levels : (int)value;

    static bool IsSingle(double[] values)
    {
        double first = double.NaN;
        foreach (double value in values)
        {
            if (double.IsNaN(first))
            {
                first = value;
            }
            else if (!double.IsNaN(value) && value != first)
            {
                return false;
            }
        }

        return !double.IsNaN(first);
    }

    // numpy's linspace from the smallest value to the largest, half a unit around a single one.
    static double[] Edges(double[] values)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double value in values)
        {
            if (!double.IsNaN(value))
            {
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
            }
        }

        (low, high) = low > high ? (0, 1) : low == high ? (low - 0.5, high + 0.5) : (low, high);
        double step = (high - low) / Bins;
        return [.. Enumerable.Range(0, Bins).Select(i => i * step + low), high];
    }

    // How many edges are at most the value.
    static int Bin(double value, double[] edges, int missing)
    {
        if (double.IsNaN(value))
        {
            return missing;
        }

        int bin = 0;
        while (bin < edges.Length && edges[bin] <= value)
        {
            bin++;
        }

        return bin;
    }
}
