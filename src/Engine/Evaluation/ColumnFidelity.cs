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
    /// <summary>Compares each column of two tables, matched by name.</summary>
    public static IReadOnlyList<ColumnFidelity> Compare(Table real, Table synthetic) =>
        [.. real.Columns.Select(column => Compare(column, synthetic[column.Name]))];

    static ColumnFidelity Compare(Column real, Column synthetic)
    {
        double[] a = Present(real), b = Present(synthetic);
        double distance = real.IsDiscrete ? TotalVariation(real, synthetic) : KolmogorovSmirnov(a, b);
        return new(real.Name, real.Kind, distance, 1 - (double)a.Length / real.Rows, 1 - (double)b.Length / synthetic.Rows);
    }

    static double[] Present(Column column)
    {
        var present = column.Values.ToArray().Where(value => !double.IsNaN(value)).ToArray();
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
            int present = column.Values.ToArray().Count(value => !double.IsNaN(value));
            for (int row = 0; row < column.Rows; row++)
            {
                if (!double.IsNaN(column.Values[row]))
                {
                    string level = column.Text(row);
                    difference[level] = difference.GetValueOrDefault(level) + sign / present;
                }
            }
        }
    }
}
