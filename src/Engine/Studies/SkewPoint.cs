namespace CausalMixFT.Engine.Studies;

/// <summary>One point of the curve of a measure against skew: the mean over the tables that have every share at so many rows.</summary>
/// <param name="Measure">The measure.</param>
/// <param name="Arm">The arm.</param>
/// <param name="Rows">Training rows.</param>
/// <param name="Share">The share of the rarest class among them.</param>
/// <param name="Tables">How many tables; the same for all shares, so that the curve is not one of changing tables.</param>
/// <param name="Value">The measure and its interval over tables.</param>
/// <param name="Gain">What the arm gains over un-tuned and its interval, which is far narrower than that of the measure: tables differ more than arms.</param>
public sealed record SkewPoint(
    StudyMeasure Measure, string Arm, int Rows, double Share, int Tables, BootstrapInterval Value, BootstrapInterval Gain)
{
    /// <summary>The points of an arm, or of the un-tuned model; none where no table has two shares.</summary>
    internal static IReadOnlyList<SkewPoint> Of(StudyGains gains, StudyMeasure measure, string arm, Func<int, TableBootstrap> bootstrap)
    {
        var points = new List<SkewPoint>();

        // The un-tuned model beside itself gains nothing, in the cells that it has.
        foreach (var sameRows in gains.InCells(measure, arm).Where(gain => gain.Cell.Share is not null).GroupBy(gain => gain.Cell.Rows).OrderBy(rows => rows.Key))
        {
            double[] shares = [.. sameRows.Select(gain => gain.Cell.Share!.Value).Distinct().OrderDescending()];
            var complete = sameRows.GroupBy(gain => gain.Cell.Table).Where(table => table.Count() == shares.Length).SelectMany(table => table).ToLookup(gain => gain.Cell.Share!.Value);
            if (shares.Length < 2 || complete.Count == 0)
            {
                continue;
            }

            foreach (double share in shares)
            {
                double[] values = [.. complete[share].Select(gain => gain.Value)], better = [.. complete[share].Select(gain => gain.Gain)];
                var draws = bootstrap(values.Length);
                points.Add(new(measure, arm, sameRows.Key, share, values.Length, draws.Mean(values), draws.Mean(better)));
            }
        }

        return points;
    }
}
