namespace CausalMixFT.Engine.Generators;

/// <summary>In what order names stand as steps: the order in which they go with the other columns.</summary>
/// <remarks>
/// A normal vector knows only more and less. So names are given the scores that make the sum of squared correlations with the other columns
/// the largest, one column after another (Mair and de Leeuw 2010, correlational aspects), and stand in the order of these scores. Where no
/// column varies with the names, their own order stays.
/// </remarks>
static class CopulaOrder
{
    const int Passes = 3, Iterations = 30;

    // More columns than this tell no more about an order of names.
    const int MostOthers = 64;

    /// <summary>The marginals of a class's columns, with names put in order by <paramref name="sample"/> of its rows.</summary>
    /// <param name="latents">What the marginals are of.</param>
    /// <param name="marginals">The marginals with names in their own order; those that change are replaced.</param>
    /// <param name="rows">All rows of the class.</param>
    /// <param name="sample">Rows to look at.</param>
    public static void Apply(CopulaLatent[] latents, CopulaMarginal?[] marginals, int[] rows, int[] sample)
    {
        int[] varying = [.. Enumerable.Range(0, latents.Length).Where(i => marginals[i] is { Varies: true })];
        int[] names = [.. varying.Where(i => latents[i].IsName && marginals[i]!.Steps.Count > 2)];
        var scores = new double[latents.Length][];
        foreach (int i in names.Length == 0 ? [] : varying)
        {
            scores[i] = latents[i].Scores(marginals[i]!, sample);
        }

        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (int i in names)
            {
                int[] others = [.. varying.Where(other => other != i)];
                int stride = (others.Length + MostOthers - 1) / MostOthers;
                double[][] seen = [.. others.Where((_, k) => k % stride == 0).Select(other => scores[other])];
                var quantities = Quantities(latents[i].Cells(sample), marginals[i]!.Steps, seen);
                marginals[i] = latents[i].Marginal(rows, name => quantities[name]);
                scores[i] = latents[i].Scores(marginals[i]!, sample);
            }
        }
    }

    // The names' scores: D^(−1/2) times the first eigenvector of D^(1/2) M Mᵀ D^(1/2), with M the others' means by name and D the names'
    // shares.
    internal static Dictionary<double, double> Quantities(double[] cells, IReadOnlyList<double> steps, double[][] others)
    {
        var place = steps.Index().ToDictionary(step => step.Item, step => step.Index);
        int[] codes = Array.ConvertAll(cells, cell => place[cell]);
        var counts = new double[steps.Count];
        foreach (int code in codes)
        {
            counts[code]++;
        }

        double[][] sums = [.. others.Select(other => Sums(codes, other, counts))];
        double[] vector = [.. steps.Select((_, step) => Math.Sqrt(counts[step]) * (step + 1 - steps.Count / 2.0 + 1e-3 * step * step))];
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            var next = new double[vector.Length];
            foreach (double[] of in sums)
            {
                double product = vector.Zip(of, (a, b) => a * b).Sum();
                for (int step = 0; step < next.Length; step++)
                {
                    next[step] += product * of[step];
                }
            }

            double length = Math.Sqrt(next.Sum(value => value * value));
            if (!(length > 1e-12))
            {
                return steps.Index().ToDictionary(step => step.Item, step => (double)step.Index);
            }

            vector = Array.ConvertAll(next, value => value / length);
        }

        // The sign is free: the first name comes before the last, so that passes do not turn an order around.
        double[] quantities = [.. vector.Select((value, step) => counts[step] > 0 ? value / Math.Sqrt(counts[step]) : 0)];
        double sign = quantities[0] > quantities[^1] ? -1 : 1;
        return steps.Index().ToDictionary(step => step.Item, step => sign * quantities[step.Index]);
    }

    // √counts times the mean of the centred other by name, over its deviation: a column of D^(1/2) M.
    static double[] Sums(int[] codes, double[] other, double[] counts)
    {
        var sums = new double[counts.Length];
        double mean = other.Average(), square = 0;
        for (int row = 0; row < codes.Length; row++)
        {
            double value = other[row] - mean;
            sums[codes[row]] += value;
            square += value * value;
        }

        for (int step = 0; step < sums.Length; step++)
        {
            sums[step] = counts[step] > 0 && square > 0 ? sums[step] / Math.Sqrt(counts[step] * square) : 0;
        }

        return sums;
    }
}
