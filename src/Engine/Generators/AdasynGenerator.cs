using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>ADASYN: SMOTE that begins at a row the more often, the more of its nearest rows are of other classes.</summary>
/// <remarks>
/// He, Bai, Garcia, Li (2008), in imbalanced-learn's reading, for every class: of m rows, m wᵢ rounded begin at row i, with wᵢ its share of
/// neighbours of other classes over the class's sum. Where rounding gives another sum than m, the rows that it changed most are one more or
/// fewer, so that the count is exact. A class with no neighbours of others begins at all its rows alike (imbalanced-learn ends with an error).
/// Names, which it does not take, count and are chosen as in SMOTE-NC. A row depends on the number of rows that are asked for.
/// </remarks>
/// <param name="device">Finds the neighbours and draws the rows.</param>
/// <param name="options">Neighbours and distances; null for the defaults.</param>
public sealed class AdasynGenerator(ComputeDevice device, SmoteOptions? options = null) : IRowGenerator
{
    // "adas" in ASCII.
    const uint Purpose = 0x61646173;

    readonly SmoteOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "adasyn";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int[][] members = ClassRows.Of(rows, _options.MostRows, seed);
        var space = new SmoteSpace(rows, _options.Standardise);
        var classes = SmoteClass.Of(rows, members, space, _options, device, progress, cancellation);
        double[][] weights = [.. ForeignNeighbours.Count(members, space, _options.Neighbours, device, cancellation).Select(Weights)];
        return new FittedRows(rows, Purpose, device, rowsOfClass =>
        {
            int[][] bases = [.. weights.Select((of, k) => Bases(Exactly(rowsOfClass[k], of)))];
            return (in DrawnRow drawn) =>
            {
                var own = classes[drawn.Class];
                own.Write(drawn, bases[drawn.Class][drawn.Number], drawn.Pick(own.Neighbours, 1), drawn.Uniform(2), stream: 3);
            };
        });
    }

    /// <summary>The rows' weights, which sum to 1.</summary>
    internal static double[] Weights(ForeignNeighbours counts)
    {
        double sum = counts.Foreign.Sum();
        return Array.ConvertAll(counts.Foreign, foreign => sum > 0 ? foreign / sum : 1.0 / counts.Foreign.Length);
    }

    /// <summary>How many of <paramref name="count"/> rows begin at each row, rounded as imbalanced-learn rounds, to even.</summary>
    internal static int[] Rounded(int count, double[] weights) => Array.ConvertAll(weights, weight => (int)Math.Round(weight * count));

    /// <summary>The same, summing to <paramref name="count"/>.</summary>
    internal static int[] Exactly(int count, double[] weights)
    {
        int[] rounded = Rounded(count, weights);
        int missing = weights.Length == 0 ? 0 : count - rounded.Sum(), step = Math.Sign(missing);
        var changed = Enumerable.Range(0, weights.Length).OrderByDescending(i => step * (weights[i] * count - rounded[i]));
        foreach (int i in changed.Take(Math.Abs(missing)))
        {
            rounded[i] += step;
        }

        return rounded;
    }

    static int[] Bases(int[] counts) => [.. counts.SelectMany((count, place) => Enumerable.Repeat(place, count))];
}
