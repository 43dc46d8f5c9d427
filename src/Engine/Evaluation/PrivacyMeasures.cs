using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>What synthetic rows give away of training rows, as far as these measures see; none of them is a guarantee.</summary>
/// <remarks>
/// Distances to the nearest record miss real leaks (Yao et al. 2025, "The DCR delusion"), so two attacks stand beside them.
/// Distances are those of TabSyn: numbers over their range, names that differ 2, summed.
/// </remarks>
public sealed record PrivacyMeasures
{
    /// <summary>
    /// The share of synthetic rows that are nearer to a training row than to a hold-out row, out of equally many of each,
    /// ties half: ½ where training rows are not hugged.
    /// </summary>
    public required double ShareCloserToTraining { get; init; }

    /// <summary>The median distance from a synthetic row to the nearest of those training rows.</summary>
    public required double MedianToTraining { get; init; }

    /// <summary>The median distance from a synthetic row to the nearest hold-out row.</summary>
    public required double MedianToHoldout { get; init; }

    /// <summary>The median distance from a hold-out row to the nearest of the training rows: what fresh real rows have.</summary>
    public required double MedianOfHoldoutToTraining { get; init; }

    /// <summary>The share of synthetic rows that equal a training row in every column.</summary>
    public required double ExactCopies { get; init; }

    /// <summary>The share of hold-out rows that do: the natural rate, as coarse tables repeat themselves.</summary>
    public required double ExactCopiesOfHoldout { get; init; }

    /// <summary>
    /// An attack that guesses a row to be a training row by how near the nearest synthetic row is: training rows against hold-out
    /// rows.
    /// </summary>
    public required AucInterval NearestAttack { get; init; }

    /// <summary>
    /// The same by that distance against the distance to the nearest of other real rows, so that rows in dense parts are not taken
    /// for training rows (after DOMIAS, van Breugel et al. 2023); half of the hold-out rows are the others. Null with fewer than
    /// four hold-out rows.
    /// </summary>
    public required AucInterval? RelativeAttack { get; init; }

    /// <summary>Most rows that were asked of each table.</summary>
    public required int RowsAsked { get; init; }

    /// <summary>Measures them; the tables have hold-out rows.</summary>
    /// <param name="tables">All rows: none is a search too long to be tried, but most questions are left out.</param>
    /// <param name="asked">Most rows of each table that ask for their nearest.</param>
    /// <param name="tried">Most rows of each table that are tried as the nearest.</param>
    /// <param name="seed">Draws them.</param>
    /// <param name="device">Its threads share the search.</param>
    internal static PrivacyMeasures Of(ComparedTables tables, int asked, int tried, ulong seed, ComputeDevice device)
    {
        var (train, synthetic, holdout) = (tables.Train, tables.Synthetic, tables.Holdout!);
        var space = new RecordSpace(tables);

        // Equally many real rows on both sides, or the larger side would be nearer by its number alone.
        int even = Math.Min(Math.Min(train.Rows, holdout.Rows), tried);
        var trainPart = Points(train, even, 1);
        var holdoutPart = Points(holdout, even, 2);
        var synthetics = Points(synthetic, asked, 3);
        float[] toTrain = Nearest(synthetics, trainPart), toHoldout = Nearest(synthetics, holdoutPart);
        float[] holdoutToTrain = Nearest(Points(holdout, asked, 4), trainPart);

        var references = Points(synthetic, tried, 5);
        var members = Points(train, asked, 6);
        float[] memberScores = Nearest(members, references), others = Nearest(Points(holdout, asked, 7), references);
        return new()
        {
            ShareCloserToTraining = toTrain.Zip(toHoldout, (a, b) => a < b ? 1.0 : a == b ? 0.5 : 0).Average(),
            MedianToTraining = Median(toTrain),
            MedianToHoldout = Median(toHoldout),
            MedianOfHoldoutToTraining = Median(holdoutToTrain),
            ExactCopies = RowEquality.ShareMetIn(synthetic, train),
            ExactCopiesOfHoldout = RowEquality.ShareMetIn(holdout, train),
            NearestAttack = AucInterval.Of(Negated(memberScores), Negated(others)),
            RelativeAttack = holdout.Rows < 4 ? null : Relative(),
            RowsAsked = asked,
        };

        AucInterval Relative()
        {
            var halves = StratifiedSplit.Draw(new int[holdout.Rows], seed, 0, validationShare: 0, testShare: 0.5);
            var real = Points(holdout.Select(halves.Test), tried, 8);
            var strangers = Points(holdout.Select(halves.Train), asked, 9);
            return AucInterval.Of(
                Ratios(memberScores, Nearest(members, real)),
                Ratios(Nearest(strangers, references), Nearest(strangers, real)));
        }

        RecordMatrix Points(Table table, int most, ulong draw) => space.Points(tables.Draw(table, most, seed + draw));
        float[] Nearest(RecordMatrix queries, RecordMatrix to) => NearestRecords.Distances(queries, to, 1, device);
    }

    static float[] Negated(float[] distances) => Array.ConvertAll(distances, distance => -distance);

    // Rises with real / synthetic and stays finite; ½ where both are 0.
    static float[] Ratios(float[] synthetic, float[] real) =>
        [.. synthetic.Zip(real, (s, r) => s + r > 0 ? r / (s + r) : 0.5f)];

    static double Median(float[] values)
    {
        float[] sorted = [.. values.Order()];
        return ((double)sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
