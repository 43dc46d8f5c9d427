using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>The numbers of a column that repeat beyond chance: spikes such as 0 or 40, which a density would smear.</summary>
/// <remarks>
/// A value that occurs c times is one if c &gt; λ + 4 √λ + 2, where λ is what the five values on each side of it, other spikes not
/// counted, lead one to expect in one step of the column's decimals; under a Poisson law of any λ the chance is below 1e-4. All values
/// of a column that has at most <see cref="FewValues"/> are taken for such, for a density between them means little.
/// </remarks>
static class RepeatedValues
{
    /// <summary>The most values of a column whose values are all kept as they are.</summary>
    public const int FewValues = 30;

    const int Neighbours = 5;

    // Each pass takes spikes out of what their neighbours are compared with; the second or third finds no more.
    const int MostPasses = 10;

    // A column of so many decimals shows a double's full precision: it has no steps.
    const int FullPrecision = 15;

    /// <summary>The distance of neighbouring numbers of a column; 0 where it has full precision.</summary>
    public static double StepOf(Column column) => column.Decimals < FullPrecision ? Math.Pow(10, -column.Decimals) : 0;

    /// <summary>Which values of a numeric column repeat beyond chance.</summary>
    public static HashSet<double> Of(Column column)
    {
        var counts = Counted(column);
        return counts.Count <= FewValues ? [.. counts.Select(pair => pair.Value)] : Spikes(counts, StepOf(column));
    }

    static HashSet<double> Spikes(List<(double Value, int Count)> smooth, double step)
    {
        var spikes = new HashSet<double>();
        for (int pass = 0; pass < MostPasses; pass++)
        {
            var found = smooth.Where((pair, place) => IsBeyondChance(pair.Count, Expected(smooth, place, step)))
                .Select(pair => pair.Value).ToHashSet();
            if (found.Count == 0)
            {
                break;
            }

            spikes.UnionWith(found);
            smooth = [.. smooth.Where(pair => !found.Contains(pair.Value))];
        }

        return spikes;
    }

    static bool IsBeyondChance(int count, double expected) => count > expected + 4 * Math.Sqrt(expected) + 2;

    // How often a value would occur if it were like its neighbours, spread over the steps that they lie on.
    static double Expected(List<(double Value, int Count)> values, int place, double step)
    {
        int first = Math.Max(0, place - Neighbours), last = Math.Min(values.Count - 1, place + Neighbours);
        double steps = step == 0 ? double.PositiveInfinity : (values[last].Value - values[first].Value) / step;
        long others = -values[place].Count;
        for (int at = first; at <= last; at++)
        {
            others += values[at].Count;
        }

        return first == last ? 0 : others / steps;
    }

    static List<(double Value, int Count)> Counted(Column column)
    {
        double[] sorted = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
        Array.Sort(sorted);
        var counted = new List<(double Value, int Count)>();
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start]; end++)
            {
            }

            counted.Add((sorted[start], end - start));
        }

        return counted;
    }
}
