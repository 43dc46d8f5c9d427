namespace CausalMixFT.Engine.Studies;

/// <summary>p-values that stay honest when several hypotheses are tested at once.</summary>
/// <remarks>
/// Holm (1979): the i-th smallest of m is multiplied with m − i + 1, and none is smaller than the one before it. The chance of even one
/// false rejection is at most α, however the tests hang together.
/// </remarks>
public static class HolmCorrection
{
    /// <summary>The adjusted p-values, in the order given; NaN is no test, and stays NaN.</summary>
    public static double[] Adjust(IReadOnlyList<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        int[] order = [.. Enumerable.Range(0, pValues.Count).Where(i => !double.IsNaN(pValues[i])).OrderBy(i => pValues[i])];
        double[] adjusted = [.. Enumerable.Repeat(double.NaN, pValues.Count)];
        double largest = 0;
        for (int i = 0; i < order.Length; i++)
        {
            largest = Math.Max(largest, Math.Min(1, (order.Length - i) * pValues[order[i]]));
            adjusted[order[i]] = largest;
        }

        return adjusted;
    }
}
