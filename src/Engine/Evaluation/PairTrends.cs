using System.Text.Json.Serialization;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How two columns hang together in real and in synthetic rows.</summary>
/// <param name="First">A column.</param>
/// <param name="Second">A later column.</param>
/// <param name="Real">
/// Strength among real rows: Pearson's correlation of two numbers, Cramér's V of two names, the correlation ratio η of one and
/// one; NaN where a column is constant.
/// </param>
/// <param name="Synthetic">The same among synthetic rows.</param>
/// <param name="Similarity">
/// In [0, 1], 1 for the same: 1 − |ρ − ρ'| / 2 of two numbers, else 1 − the total variation of the joint table, numbers cut at
/// the real column's edges; NaN for numbers of which one is constant.
/// </param>
/// <param name="OwnEdges">
/// The same as SDMetrics' report has it: each table is cut at edges of its own.
/// </param>
public sealed record PairTrend(
    string First,
    string Second,
    [property: JsonConverter(typeof(UndefinedAsNull))] double Real,
    [property: JsonConverter(typeof(UndefinedAsNull))] double Synthetic,
    [property: JsonConverter(typeof(UndefinedAsNull))] double Similarity,
    [property: JsonConverter(typeof(UndefinedAsNull))] double OwnEdges);

/// <summary>SDMetrics' column pair trends, over all pairs: CorrelationSimilarity and ContingencySimilarity.</summary>
/// <remarks>
/// SDMetrics' report lets real and synthetic columns each have bins of their own, so that one outlying row moves all bins
/// of its table: tables that agree look different. <see cref="Score"/> cuts both at the real column's edges;
/// <see cref="ScoreWithOwnEdges"/> is for comparing with published figures. Newer versions of SDMetrics also leave out pairs
/// that hardly hang together in real rows; no pair is left out here, as in the papers.
/// </remarks>
public sealed record PairTrends
{
    PairTrends(IReadOnlyList<string> columns, IReadOnlyList<PairTrend> pairs)
    {
        Columns = columns;
        Pairs = pairs;
    }

    /// <summary>The columns that were paired.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Each pair once, the columns in their order.</summary>
    public IReadOnlyList<PairTrend> Pairs { get; }

    /// <summary>The mean similarity, both tables cut at the real columns' edges; NaN without a pair.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double Score => Mean(pair => pair.Similarity);

    /// <summary>The mean similarity as SDMetrics' report has it; NaN without a pair.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double ScoreWithOwnEdges => Mean(pair => pair.OwnEdges);

    /// <summary>Compares all pairs of columns; those of <paramref name="synthetic"/> are matched by name.</summary>
    /// <param name="real">Real rows.</param>
    /// <param name="synthetic">Synthetic rows; a level has the same index in both.</param>
    /// <param name="device">Its threads share the pairs.</param>
    internal static PairTrends Compare(Table real, Table synthetic, ComputeDevice device)
    {
        PairedColumn[] columns = [.. real.Columns.Select(column => new PairedColumn(column, synthetic[column.Name]))];
        var pairs = new PairTrend[columns.Length * (columns.Length - 1) / 2];
        (int First, int Second)[] places = [.. Enumerable.Range(0, columns.Length)
            .SelectMany(first => Enumerable.Range(first + 1, columns.Length - first - 1).Select(second => (first, second)))];
        DeviceLoop.For(device, pairs.Length, i => pairs[i] = Compare(columns[places[i].First], columns[places[i].Second]));
        return new([.. real.Columns.Select(column => column.Name)], pairs);
    }

    double Mean(Func<PairTrend, double> similarity) =>
        Pairs.Select(similarity).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    static PairTrend Compare(PairedColumn a, PairedColumn b)
    {
        if (a.IsDiscrete || b.IsDiscrete)
        {
            return new(
                a.Name, b.Name, Strength(a, b, synthetic: false), Strength(a, b, synthetic: true),
                Contingency.Similarity(a.RealCells, b.RealCells, a.SyntheticCells, b.SyntheticCells),
                Contingency.Similarity(a.OwnRealCells, b.OwnRealCells, a.OwnCells, b.OwnCells));
        }

        double real = Association.Correlation(a.Real, b.Real), synthetic = Association.Correlation(a.Synthetic, b.Synthetic);
        double similarity = 1 - Math.Abs(real - synthetic) / 2;
        return new(a.Name, b.Name, real, synthetic, similarity, similarity);
    }

    static double Strength(PairedColumn a, PairedColumn b, bool synthetic)
    {
        var (first, second) = synthetic ? (a.Synthetic, b.Synthetic) : (a.Real, b.Real);
        return (a.IsDiscrete, b.IsDiscrete) switch
        {
            (true, true) => Association.CramerV(first, second, a.Levels, b.Levels),
            (true, false) => Association.CorrelationRatio(first, second, a.Levels),
            _ => Association.CorrelationRatio(second, first, b.Levels),
        };
    }
}
