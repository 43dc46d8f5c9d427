using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>One table with so many training rows and so skewed: what splits are averaged over.</summary>
public sealed record StudyCell(string Table, int Rows, double? Share);

/// <summary>An arm beside the un-tuned model in one cell: means over the splits that both have.</summary>
/// <param name="Cell">Which cell.</param>
/// <param name="RarestShare">The share of the rarest class among training rows.</param>
/// <param name="Splits">How many splits.</param>
/// <param name="Baseline">The un-tuned model's measure.</param>
/// <param name="Value">The arm's.</param>
/// <param name="Gain">How much better the arm is, whichever direction the measure has.</param>
public sealed record CellGain(StudyCell Cell, double RarestShare, int Splits, double Baseline, double Value, double Gain);

/// <summary>An arm beside the un-tuned model on one table: the mean over its cells.</summary>
public sealed record TableGain(string Table, int Cells, double Gain);

/// <summary>What every unit came to, arranged so that arms can be compared: splits are averaged first, then cells, then tables.</summary>
/// <remarks>
/// The table is what is drawn from a population; splits and cells of one table are not independent, and counting them as
/// if they were would make every p-value too small.
/// </remarks>
public sealed class StudyGains
{
    // Differences that rounding leaves of equal probabilities are no differences.
    const double Tie = 1e-9;

    readonly Dictionary<StudyCell, Dictionary<string, Dictionary<int, StudyScore>>> _units = [];
    readonly Dictionary<(string Measure, string Arm), IReadOnlyList<CellGain>> _inCells = [];

    /// <summary>Arranges scores.</summary>
    /// <exception cref="InputException">A unit occurs twice, or no unit is of the baseline.</exception>
    public StudyGains(IEnumerable<StudyScore> scores, string baseline)
    {
        ArgumentNullException.ThrowIfNull(scores);
        Baseline = baseline;
        var arms = new List<string>();
        foreach (var score in scores)
        {
            var unit = score.Unit;
            var cell = new StudyCell(unit.Table, unit.Rows, unit.Share);
            var splits = In(In(_units, cell), unit.Arm);
            if (!splits.TryAdd(unit.Split, score))
            {
                throw new InputException(
                    $"The study's results hold table '{unit.Table}', {unit.Rows} rows, split {unit.Split}, arm '{unit.Arm}' twice; take one of them out.");
            }

            if (unit.Arm != baseline && !arms.Contains(unit.Arm))
            {
                arms.Add(unit.Arm);
            }
        }

        if (!_units.Values.Any(cell => cell.ContainsKey(baseline)))
        {
            throw new InputException(
                $"The study's results hold no unit of the arm '{baseline}', which all others are compared with; run that arm first.");
        }

        Arms = arms;
        Cells = [.. _units.Keys.OrderBy(cell => cell.Table, StringComparer.Ordinal).ThenBy(cell => cell.Rows).ThenByDescending(cell => cell.Share ?? 2)];
        Tables = [.. Cells.Select(cell => cell.Table).Distinct()];
    }

    /// <summary>The arm that all others are compared with.</summary>
    public string Baseline { get; }

    /// <summary>The other arms, in the order in which they were met.</summary>
    public IReadOnlyList<string> Arms { get; }

    /// <summary>The tables by name.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>The cells by table, rows, and falling share of the rarest class.</summary>
    public IReadOnlyList<StudyCell> Cells { get; }

    /// <summary>Every unit's score.</summary>
    public IEnumerable<StudyScore> Scores => _units.Values.SelectMany(arms => arms.Values).SelectMany(splits => splits.Values);

    /// <summary>The units of an arm in a cell, by split.</summary>
    public IReadOnlyList<StudyScore> Units(StudyCell cell, string arm) =>
        _units.TryGetValue(cell, out var arms) && arms.TryGetValue(arm, out var splits)
            ? [.. splits.OrderBy(pair => pair.Key).Select(pair => pair.Value)] : [];

    /// <summary>An arm's gain in every cell that it and the baseline have a split of in which the measure is defined.</summary>
    public IReadOnlyList<CellGain> InCells(StudyMeasure measure, string arm)
    {
        ArgumentNullException.ThrowIfNull(measure);
        if (_inCells.TryGetValue((measure.Key, arm), out var known))
        {
            return known;
        }

        var gains = new List<CellGain>();
        foreach (var cell in Cells)
        {
            var pairs = SplitPairs(measure, cell, arm);
            if (pairs.Count > 0)
            {
                double baseline = pairs.Average(pair => pair.Baseline), value = pairs.Average(pair => pair.Value);
                gains.Add(new(
                    cell, Units(cell, Baseline).Average(unit => unit.RarestShare), pairs.Count, baseline, value,
                    Untied(measure.HigherIsBetter ? value - baseline : baseline - value)));
            }
        }

        return _inCells[(measure.Key, arm)] = gains;
    }

    /// <summary>The measure of the baseline and of an arm in every split of a cell in which both are defined.</summary>
    public IReadOnlyList<(int Split, double Baseline, double Value)> SplitPairs(StudyMeasure measure, StudyCell cell, string arm)
    {
        ArgumentNullException.ThrowIfNull(measure);
        var others = Units(cell, arm).ToDictionary(unit => unit.Unit.Split, measure.Of);
        return [.. Units(cell, Baseline).Where(unit => others.ContainsKey(unit.Unit.Split))
            .Select(unit => (unit.Unit.Split, measure.Of(unit), others[unit.Unit.Split]))
            .Where(pair => !double.IsNaN(pair.Item2) && !double.IsNaN(pair.Item3))];
    }

    /// <summary>An arm's gain on every table: the mean over its cells.</summary>
    public IReadOnlyList<TableGain> OnTables(StudyMeasure measure, string arm) => ByTable(InCells(measure, arm).Select(gain => (gain.Cell, gain.Gain)));

    /// <summary>The normalised ROC-AUC of an arm in every cell: 0 is the un-tuned model, 1 the cell's best arm.</summary>
    /// <remarks>
    /// The paper (arXiv 2601.04110) has 0 for the un-tuned model; what it has for 1 is not public. Here it is the best arm of the cell, so
    /// a number depends on which arms took part. Where no arm beats the un-tuned model the worst arm is −1: such cells are kept, since
    /// leaving out just those in which every arm loses would flatter all.
    /// </remarks>
    public IReadOnlyList<(StudyCell Cell, double Value)> Normalised(string arm) => [.. NormalisedCells(arm)];

    /// <summary>The share of the way to a perfect ranking: (A − A₀) / (1 − A₀), which does not depend on which arms took part.</summary>
    public IReadOnlyList<(StudyCell Cell, double Value)> ShareOfHeadroom(string arm) =>
        [.. InCells(StudyMeasure.RocAuc, arm).Where(gain => gain.Baseline < 1).Select(gain => (gain.Cell, gain.Gain / (1 - gain.Baseline)))];

    /// <summary>The mean over the cells of each table.</summary>
    public static IReadOnlyList<TableGain> ByTable(IEnumerable<(StudyCell Cell, double Value)> cells) =>
        [.. cells.GroupBy(cell => cell.Cell.Table).Select(table => new TableGain(table.Key, table.Count(), Untied(table.Average(cell => cell.Value))))];

    /// <summary>Of each table, the gain of each of some arms over the cells that all of them have; tables without such a cell are left out.</summary>
    public IReadOnlyList<(string Table, double[] Gains)> InCommon(StudyMeasure measure, IReadOnlyList<string> arms)
    {
        ArgumentNullException.ThrowIfNull(arms);
        var gains = arms.Select(arm => InCells(measure, arm).ToDictionary(gain => gain.Cell, gain => gain.Gain)).ToArray();
        return [.. Cells.Where(cell => gains.All(arm => arm.ContainsKey(cell))).GroupBy(cell => cell.Table)
            .Select(table => (table.Key, Array.ConvertAll(gains, arm => Untied(table.Average(cell => arm[cell])))))];
    }

    static double Untied(double gain) => Math.Abs(gain) < Tie ? 0 : gain;

    IEnumerable<(StudyCell Cell, double Value)> NormalisedCells(string arm)
    {
        var all = Arms.Select(other => InCells(StudyMeasure.RocAuc, other).ToDictionary(gain => gain.Cell, gain => gain.Gain)).ToArray();
        foreach (var gain in InCells(StudyMeasure.RocAuc, arm))
        {
            double[] gains = [.. all.Where(other => other.ContainsKey(gain.Cell)).Select(other => other[gain.Cell])];
            double scale = gains.Max() > 0 ? gains.Max() : -gains.Min();
            yield return (gain.Cell, scale > 0 ? gain.Gain / scale : 0);
        }
    }

    static TValue In<TKey, TValue>(Dictionary<TKey, TValue> of, TKey key)
        where TKey : notnull
        where TValue : new()
    {
        if (!of.TryGetValue(key, out var value))
        {
            of[key] = value = new();
        }

        return value;
    }
}
