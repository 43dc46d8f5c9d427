namespace CausalMixFT.Engine.Evaluation;

/// <summary>How strongly two columns hang together in one table; NaN where one of them is constant.</summary>
/// <remarks>NaN cells are missing, and a row that lacks either is left out.</remarks>
static class Association
{
    /// <summary>Pearson's correlation.</summary>
    public static double Correlation(double[] a, double[] b)
    {
        // Scaled by the largest value, so that numbers up to 1e300 have squares; means first, as sums of squares would cancel.
        double scaleA = Scale(a), scaleB = Scale(b), meanA = 0, meanB = 0, squaresA = 0, squaresB = 0, products = 0;
        int n = 0;
        for (int row = 0; row < a.Length; row++)
        {
            double x = a[row] * scaleA, y = b[row] * scaleB;
            if (!double.IsNaN(x) && !double.IsNaN(y))
            {
                meanA += x;
                meanB += y;
                n++;
            }
        }

        (meanA, meanB) = (meanA / n, meanB / n);
        for (int row = 0; row < a.Length; row++)
        {
            double x = a[row] * scaleA - meanA, y = b[row] * scaleB - meanB;
            if (!double.IsNaN(x) && !double.IsNaN(y))
            {
                squaresA += x * x;
                squaresB += y * y;
                products += x * y;
            }
        }

        // What rounding leaves of a constant column's deviations is no deviation.
        double least = n * 1e-28;
        return squaresA > least && squaresB > least ? Math.Clamp(products / Math.Sqrt(squaresA * squaresB), -1, 1) : double.NaN;
    }

    /// <summary>Cramér's V of two columns of levels.</summary>
    public static double CramerV(double[] a, double[] b, int levelsOfA, int levelsOfB)
    {
        var (rows, columns) = (new int[levelsOfA], new int[levelsOfB]);
        var cells = new Dictionary<(int, int), int>();
        int n = 0;
        for (int row = 0; row < a.Length; row++)
        {
            if (!double.IsNaN(a[row]) && !double.IsNaN(b[row]))
            {
                var cell = ((int)a[row], (int)b[row]);
                cells[cell] = cells.GetValueOrDefault(cell) + 1;
                rows[cell.Item1]++;
                columns[cell.Item2]++;
                n++;
            }
        }

        // χ² / n = Σ n_ij² / (n_i n_j) − 1, over the cells that occur.
        double chi2 = cells.Sum(cell => (double)cell.Value * cell.Value / rows[cell.Key.Item1] / columns[cell.Key.Item2]) - 1;
        int freedom = Math.Min(rows.Count(count => count > 0), columns.Count(count => count > 0)) - 1;
        return freedom < 1 ? double.NaN : Math.Sqrt(Math.Clamp(chi2 / freedom, 0, 1));
    }

    /// <summary>The correlation ratio η: the share of the deviation of numbers that their levels explain.</summary>
    public static double CorrelationRatio(double[] levels, double[] numbers, int levelCount)
    {
        var (sums, counts) = (new double[levelCount], new int[levelCount]);
        double sum = 0;
        int n = 0;
        for (int row = 0; row < levels.Length; row++)
        {
            if (!double.IsNaN(levels[row]) && !double.IsNaN(numbers[row]))
            {
                sums[(int)levels[row]] += numbers[row];
                counts[(int)levels[row]]++;
                sum += numbers[row];
                n++;
            }
        }

        double mean = sum / n, all = 0, between = 0;
        for (int row = 0; row < levels.Length; row++)
        {
            if (!double.IsNaN(levels[row]) && !double.IsNaN(numbers[row]))
            {
                all += (numbers[row] - mean) * (numbers[row] - mean);
            }
        }

        for (int level = 0; level < levelCount; level++)
        {
            double apart = counts[level] == 0 ? 0 : sums[level] / counts[level] - mean;
            between += counts[level] * apart * apart;
        }

        return all > 0 && counts.Count(count => count > 0) > 1 ? Math.Sqrt(Math.Clamp(between / all, 0, 1)) : double.NaN;
    }

    // One over the largest size.
    static double Scale(double[] values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Abs(value) > largest ? Math.Abs(value) : largest;
        }

        return largest > 0 ? 1 / largest : 1;
    }
}
