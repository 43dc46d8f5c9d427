namespace CausalMixFT.Engine.Studies;

/// <summary>How good a generator's rows are on one table, beside what its arms gain there.</summary>
/// <param name="Generator">The generator with its options: an arm's name up to K.</param>
/// <param name="Table">The table.</param>
/// <param name="Quality">Means over the generator's units, by measure of quality.</param>
/// <param name="Gains">Mean gains over un-tuned of the generator's arms, by measure; those that are undefined are left out.</param>
public sealed record GeneratorQuality(
    string Generator, string Table, IReadOnlyDictionary<string, double> Quality, IReadOnlyDictionary<string, double> Gains)
{
    /// <summary>An arm's name up to K: "diffusion steps=500" of "diffusion steps=500 K=1 mixed hard".</summary>
    public static string NameOf(string arm)
    {
        ArgumentNullException.ThrowIfNull(arm);
        int settings = arm.IndexOf(" K=", StringComparison.Ordinal);
        return settings > 0 ? arm[..settings] : arm;
    }

    /// <summary>Every generator on every table on which its rows were judged.</summary>
    internal static IReadOnlyList<GeneratorQuality> Of(StudyGains gains, IReadOnlyList<StudyMeasure> measures)
    {
        var all = new List<GeneratorQuality>();
        foreach (var generator in gains.Arms.GroupBy(NameOf))
        {
            var onTables = measures.ToDictionary(measure => measure.Key, measure => generator
                .SelectMany(arm => gains.OnTables(measure, arm)).ToLookup(gain => gain.Table, gain => gain.Gain));
            foreach (var cells in gains.Cells.GroupBy(cell => cell.Table))
            {
                StudyScore[] judged = [.. cells.SelectMany(cell => generator.SelectMany(arm => gains.Units(cell, arm))).Where(unit => unit.Quality.Count > 0)];
                if (judged.Length > 0)
                {
                    all.Add(new(
                        generator.Key, cells.Key,
                        judged.SelectMany(unit => unit.Quality).Where(pair => !double.IsNaN(pair.Value)).GroupBy(pair => pair.Key)
                            .ToDictionary(pairs => pairs.Key, pairs => pairs.Average(pair => pair.Value)),
                        onTables.Where(pair => pair.Value[cells.Key].Any()).ToDictionary(pair => pair.Key, pair => pair.Value[cells.Key].Average())));
                }
            }
        }

        return all;
    }

    /// <summary>
    /// Whether rows that are better by a measure of quality are worth more: Spearman's correlation across the generators of a table,
    /// averaged over the tables that have three or more.
    /// </summary>
    internal static BootstrapInterval? RankCorrelation(
        IReadOnlyList<GeneratorQuality> all, string quality, string measure, Func<int, TableBootstrap> bootstrap)
    {
        double[] correlations = [.. all.Where(one => one.Quality.ContainsKey(quality) && one.Gains.ContainsKey(measure)).GroupBy(one => one.Table)
            .Where(table => table.Count() >= 3)
            .Select(table => Evaluation.Association.Correlation(
                MidRanks.Of([.. table.Select(one => one.Quality[quality])]), MidRanks.Of([.. table.Select(one => one.Gains[measure])])))
            .Where(correlation => !double.IsNaN(correlation))];
        return correlations.Length == 0 ? null : bootstrap(correlations.Length).Mean(correlations);
    }
}
