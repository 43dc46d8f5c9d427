using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// Borderline-1 SMOTE: SMOTE from the rows in danger alone, those of whose nearest rows at least half, but not all, are of other classes.
/// </summary>
/// <remarks>
/// Han, Wang, Mao (2005), in imbalanced-learn's reading, for every class. A class without a row in danger is drawn by SMOTE from all its
/// rows (imbalanced-learn leaves it out). Names, which it does not take, count and are chosen as in SMOTE-NC.
/// </remarks>
/// <param name="device">Finds the neighbours and draws the rows.</param>
/// <param name="options">Neighbours and distances; null for the defaults.</param>
public sealed class BorderlineSmoteGenerator(ComputeDevice device, SmoteOptions? options = null) : IRowGenerator
{
    // "bord" in ASCII.
    const uint Purpose = 0x626F7264;

    readonly SmoteOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "borderline-smote";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int[][] members = ClassRows.Of(rows, _options.MostRows, seed);
        var space = new SmoteSpace(rows, _options.Standardise);
        var classes = SmoteClass.Of(rows, members, space, _options, device, progress, cancellation);
        int[][] danger = [.. ForeignNeighbours.Count(members, space, _options.BorderNeighbours, device, cancellation).Select(InDanger)];
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            var own = classes[drawn.Class];
            int[] bases = danger[drawn.Class];
            int from = bases.Length == 0 ? drawn.Pick(own.Rows.Length, 0) : bases[drawn.Pick(bases.Length, 0)];
            own.Write(drawn, from, drawn.Pick(own.Neighbours, 1), drawn.Uniform(2), stream: 3);
        });
    }

    /// <summary>Places of the rows in danger among their class's: m / 2 ≤ m′ &lt; m, with m′ of m neighbours of other classes.</summary>
    internal static int[] InDanger(ForeignNeighbours counts) =>
        [.. Enumerable.Range(0, counts.Foreign.Length).Where(
            place => 2 * counts.Foreign[place] >= counts.Neighbours && counts.Foreign[place] < counts.Neighbours)];
}
