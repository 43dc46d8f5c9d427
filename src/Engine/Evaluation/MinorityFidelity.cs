using System.Text.Json.Serialization;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How good the synthetic rows of the rarest class are by themselves; generators are often worst there.</summary>
/// <remarks>
/// Density and coverage after Naeem et al. (2020), with k = 5 nearest rows among the class's real training rows, in the distance of
/// <see cref="PrivacyMeasures"/> over the other columns.
/// </remarks>
public sealed record MinorityFidelity
{
    /// <summary>How many neighbours a real row's ball reaches to.</summary>
    public const int Neighbours = 5;

    /// <summary>The column whose class it is.</summary>
    public required string Target { get; init; }

    /// <summary>The class.</summary>
    public required string Class { get; init; }

    /// <summary>Training rows of it.</summary>
    public required int RealRows { get; init; }

    /// <summary>Synthetic rows of it.</summary>
    public required int SyntheticRows { get; init; }

    /// <summary>The mean similarity of its columns' marginals; NaN without synthetic rows of it.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Shapes { get; init; }

    /// <summary>The mean similarity of pairs of columns within it, real columns' edges.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Trends { get; init; }

    /// <summary>The shapes of its hold-out rows, which fresh real rows have; NaN without.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double ShapesOfHoldout { get; init; }

    /// <summary>
    /// The share of its real rows that have a synthetic row of it within their ball; NaN with five real rows or fewer. More rows cover
    /// more: where there are hold-out rows of the class, no more synthetic rows are looked at than those.
    /// </summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Coverage { get; init; }

    /// <summary>How many balls a synthetic row lies in, over k: 1 where as dense as real rows are.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Density { get; init; }

    /// <summary>The coverage of hold-out rows of the class, which fresh real rows have; NaN without hold-out rows.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double CoverageOfHoldout { get; init; }

    /// <summary>How many hold-out rows of the class that coverage is of.</summary>
    public required int HoldoutRows { get; init; }

    internal static MinorityFidelity Of(ComparedTables tables, int most, ulong seed, ComputeDevice device)
    {
        string target = tables.Target!;
        int[] labels = Labels(tables.Train);
        var column = tables.Train[target];
        double[] prior = DecisionRule.PriorOf([.. labels.Where(label => label >= 0)], tables.Classes.Length);
        int rarest = DecisionRule.RarestOf(prior);
        Table real = Rows(tables.Train, 1), synthetic = Rows(tables.Synthetic, 2);
        var holdout = tables.Holdout is null ? null : Rows(tables.Holdout, 3);

        var space = new RecordSpace(ComparedTables.Of(
            tables.Train.Without(target), tables.Synthetic.Without(target), tables.Holdout?.Without(target), null));
        var points = space.Points(real);
        bool few = real.Rows <= Neighbours;
        float[] radii = few ? [] : LastOfEach(NearestRecords.Distances(points, points, Neighbours, device, without: true));
        var (coverage, density) = Balls(holdout is { Rows: > 0 } ? Some(synthetic, holdout.Rows) : synthetic);
        var label = column.Select([Array.IndexOf(labels, rarest)]);
        return new()
        {
            Target = target,
            Class = label.Text(0),
            RealRows = labels.Count(l => l == rarest),
            SyntheticRows = Labels(tables.Synthetic).Count(l => l == rarest),
            HoldoutRows = holdout?.Rows ?? 0,
            Shapes = synthetic.Rows == 0 ? double.NaN : ColumnFidelity.Score(ColumnFidelity.Compare(real, synthetic)),
            Trends = synthetic.Rows == 0 ? double.NaN : PairTrends.Compare(real, synthetic, device).Score,
            ShapesOfHoldout = holdout is { Rows: > 0 } ? ColumnFidelity.Score(ColumnFidelity.Compare(real, holdout)) : double.NaN,
            Coverage = coverage,
            Density = density,
            CoverageOfHoldout = holdout is { Rows: > 0 } ? Balls(Some(holdout, synthetic.Rows == 0 ? holdout.Rows : synthetic.Rows)).Coverage : double.NaN,
        };

        int[] Labels(Table table) => Array.ConvertAll(table[target].Values.ToArray(), value => Array.BinarySearch(tables.Classes, value));

        Table Rows(Table table, ulong draw)
        {
            int[] of = Labels(table);
            int[] rows = [.. Enumerable.Range(0, table.Rows).Where(row => of[row] == rarest)];
            return table.Without(target).Select(StratifiedSplit.Subset(new int[table.Rows], rows, most, seed + draw));
        }

        Table Some(Table table, int rows) =>
            table.Select(StratifiedSplit.Subset(new int[table.Rows], [.. Enumerable.Range(0, table.Rows)], rows, seed + 4));

        (double Coverage, double Density) Balls(Table others)
        {
            if (few)
            {
                return (double.NaN, double.NaN);
            }

            if (others.Rows == 0)
            {
                return (0, 0);
            }

            int[] within = NearestRecords.CountWithin(points, radii, space.Points(others), device);
            return (within.Count(count => count > 0) / (double)within.Length, within.Sum(count => (long)count) / ((double)Neighbours * others.Rows));
        }
    }

    static float[] LastOfEach(float[] nearest) =>
        [.. Enumerable.Range(0, nearest.Length / Neighbours).Select(row => nearest[(row + 1) * Neighbours - 1])];
}
