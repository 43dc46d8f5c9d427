using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How far a synthetic column's marginal is from the real one.</summary>
/// <param name="Name">The column.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Distance">
/// In [0, 1], 0 for the same distribution: the Kolmogorov–Smirnov statistic of numbers, the total variation of levels.
/// </param>
/// <param name="RealMissing">Share of real cells that are missing.</param>
/// <param name="SyntheticMissing">Share of synthetic cells that are missing.</param>
public sealed record ColumnFidelity(string Name, ColumnKind Kind, double Distance, double RealMissing, double SyntheticMissing)
{
    // Numbers that differ beyond this decimal are the same, as SDMetrics has it: ties survive a detour over text.
    const int Decimals = 14;

    /// <summary>1 − distance: SDMetrics' KSComplement of numbers, its TVComplement of levels.</summary>
    public double Similarity => 1 - Distance;

    /// <summary>Compares each column of two tables, matched by name.</summary>
    public static IReadOnlyList<ColumnFidelity> Compare(Table real, Table synthetic)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(synthetic);
        return [.. real.Columns.Select(column => Compare(column, synthetic[column.Name]))];
    }

    /// <summary>SDMetrics' column shapes: the mean similarity; NaN without columns.</summary>
    public static double Score(IEnumerable<ColumnFidelity> columns) =>
        columns.Select(column => column.Similarity).DefaultIfEmpty(double.NaN).Average();

    static ColumnFidelity Compare(Column real, Column synthetic)
    {
        double[] a = Present(real), b = Present(synthetic);
        double distance = real.IsDiscrete ? TotalVariation(real, synthetic) : KolmogorovSmirnov(a, b);
        return new(real.Name, real.Kind, distance, Missing(real, a.Length), Missing(synthetic, b.Length));
    }

    static double Missing(Column column, int present) => column.Rows == 0 ? 0 : 1 - (double)present / column.Rows;

    static double[] Present(Column column)
    {
        double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value)).Select(value => Math.Round(value, Decimals))];
        Array.Sort(present);
        return present;
    }

    static double KolmogorovSmirnov(double[] a, double[] b)
    {
        double largest = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            double value = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] == value)
            {
                i++;
            }

            while (j < b.Length && b[j] == value)
            {
                j++;
            }

            largest = Math.Max(largest, Math.Abs((double)i / a.Length - (double)j / b.Length));
        }

        return a.Length == 0 || b.Length == 0 ? (a.Length == b.Length ? 0 : 1) : largest;
    }

    static double TotalVariation(Column real, Column synthetic)
    {
        var difference = new Dictionary<string, double>(StringComparer.Ordinal);
        Add(real, 1);
        Add(synthetic, -1);
        return difference.Values.Sum(Math.Abs) / 2;

        void Add(Column column, double sign)
        {
            // Counted by index first: looking up a text for every cell would be most of the time.
            var counts = new int[column.Levels.Count];
            foreach (double value in column.Values)
            {
                if (!double.IsNaN(value))
                {
                    counts[(int)value]++;
                }
            }

            int present = counts.Sum();
            for (int level = 0; level < counts.Length && present > 0; level++)
            {
                string text = column.Levels[level];
                difference[text] = difference.GetValueOrDefault(text) + sign * counts[level] / present;
            }
        }
    }
}
