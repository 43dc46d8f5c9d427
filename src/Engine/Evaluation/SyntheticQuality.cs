using System.Globalization;
using System.Text.Json.Serialization;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How good synthetic rows are, beside the real rows that their generator was trained on; immutable.</summary>
/// <remarks>No number among these is the quality: each is blind to something, which its own remarks say.</remarks>
public sealed record SyntheticQuality
{
    /// <summary>Training rows.</summary>
    public required int TrainingRows { get; init; }

    /// <summary>Synthetic rows.</summary>
    public required int SyntheticRows { get; init; }

    /// <summary>Real rows that the generator never saw; 0 where none were given.</summary>
    public required int HoldoutRows { get; init; }

    /// <summary>The mean similarity of columns' marginals, 1 for the same (SDMetrics' column shapes).</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double ShapeScore => ColumnFidelity.Score(Shapes);

    /// <summary>The same of hold-out rows: what fresh real rows have; NaN without.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double ShapeScoreOfHoldout { get; init; }

    /// <summary>Each column's marginal.</summary>
    public required IReadOnlyList<ColumnFidelity> Shapes { get; init; }

    /// <summary>How pairs of columns hang together.</summary>
    public required PairTrends Trends { get; init; }

    /// <summary>The mean similarity of pairs in hold-out rows: what fresh real rows have; NaN without.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double TrendScoreOfHoldout { get; init; }

    /// <summary>How well classifiers tell synthetic rows from real ones, one entry a classifier; empty with too few rows.</summary>
    public required IReadOnlyList<ClassifierTwoSampleTest> Detection { get; init; }

    /// <summary>What classifiers trained on synthetic rows are worth, one entry a classifier; empty without target or hold-out rows.</summary>
    public required IReadOnlyList<TransferScores> Utility { get; init; }

    /// <summary>What synthetic rows give away; null without hold-out rows.</summary>
    public required PrivacyMeasures? Privacy { get; init; }

    /// <summary>The rarest class by itself; null without a target.</summary>
    public required MinorityFidelity? Minority { get; init; }

    /// <summary>Whether the data contradict the graph; null without a graph.</summary>
    public required GraphFalsification? Graph { get; init; }

    /// <summary>A sentence for each thing that was left out or drawn.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Judges synthetic rows.</summary>
    /// <param name="train">The real rows that the generator was trained on.</param>
    /// <param name="synthetic">Synthetic rows, with those columns at the least; they are matched by name, levels by their text.</param>
    /// <param name="holdout">Real rows that it was not trained on, or null.</param>
    /// <param name="target">The column whose classes matter, or null.</param>
    /// <param name="graph">The graph that the rows were sampled by, or null.</param>
    /// <param name="options">What is measured, and on how many rows.</param>
    /// <param name="device">Its threads share the work.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    /// <exception cref="InputException">
    /// A table has no rows or lacks a column, holds names where training rows hold numbers, or the graph has a variable that is no column.
    /// </exception>
    public static SyntheticQuality Compute(
        Table train, Table synthetic, Table? holdout, string? target, Dag? graph, QualityOptions options, ComputeDevice device,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(synthetic);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        var notes = new List<string>();
        var tables = ComparedTables.Of(train, synthetic, holdout, target);
        if (graph?.Variables.FirstOrDefault(variable => !train.Contains(variable.Name)) is { Name: string stranger })
        {
            throw new InputException(
                $"The graph has the variable '{stranger}', which is not among the columns that training and synthetic rows share; name the " +
                "graph that the rows were sampled by, or leave it out.");
        }

        if (target is not null && tables.Classes.Length is < 2 or > ClassificationTask.MostClasses)
        {
            notes.Add(Text(
                $"The target '{target}' has {tables.Classes.Length} different values in training rows, so measures of its classes are left out."));
            tables = ComparedTables.Of(train, synthetic, holdout, target = null);
        }

        var paired = tables;
        if (train.Columns.Count > options.MaxPaired)
        {
            notes.Add(Text($"Only the first {options.MaxPaired} of {train.Columns.Count} columns are paired with each other."));
            string[] rest = [.. train.Columns.Skip(options.MaxPaired).Select(column => column.Name)];
            paired = ComparedTables.Of(tables.Train.Without(rest), tables.Synthetic.Without(rest), tables.Holdout?.Without(rest), null);
        }

        var shapes = ColumnFidelity.Compare(tables.Train, tables.Synthetic);
        var trends = PairTrends.Compare(paired.Train, paired.Synthetic, device);
        progress?.Report(0.1);
        var detection = Detect(tables, options, device, notes);
        progress?.Report(0.4);
        var utility = Transfer(tables, options, device, notes);
        progress?.Report(0.7);
        var privacy = Measure(tables, options, device, notes);
        progress?.Report(0.9);
        var quality = new SyntheticQuality
        {
            TrainingRows = train.Rows,
            SyntheticRows = synthetic.Rows,
            HoldoutRows = holdout?.Rows ?? 0,
            Shapes = shapes,
            ShapeScoreOfHoldout = tables.Holdout is null ? double.NaN
                : ColumnFidelity.Score(ColumnFidelity.Compare(tables.Train, tables.Holdout)),
            Trends = trends,
            TrendScoreOfHoldout = paired.Holdout is null ? double.NaN : PairTrends.Compare(paired.Train, paired.Holdout, device).Score,
            Detection = detection,
            Utility = utility,
            Privacy = privacy,
            Minority = target is null || train.Columns.Count < 2 ? null : MinorityFidelity.Of(tables, options.MaxRows, options.Seed, device),
            Graph = graph is null ? null : GraphFalsification.Run(tables.Train, graph, options, device),
            Notes = notes,
        };
        progress?.Report(1);
        return quality;
    }

    static ClassifierTwoSampleTest[] Detect(ComparedTables tables, QualityOptions options, ComputeDevice device, List<string> notes)
    {
        // As many rows of each: the areas would not change, but the larger table would cost time for nothing.
        var part = tables.Subset(Math.Min(options.MaxRows, Math.Min(tables.Train.Rows, tables.Synthetic.Rows)), options.Seed);
        if (part.Train.Rows < 2 * ClassifierTwoSampleTest.Folds)
        {
            notes.Add(Text(
                $"{part.Train.Rows} rows of each table are too few for a classifier to tell them apart; {2 * ClassifierTwoSampleTest.Folds} are needed."));
            return [];
        }

        if (part.Train.Rows < Math.Min(tables.Train.Rows, tables.Synthetic.Rows))
        {
            notes.Add(Text($"Classifiers that tell real from synthetic rows saw {part.Train.Rows} rows of each, drawn by the seed."));
        }

        return [.. ReferenceClassifier.All.Select(classifier => ClassifierTwoSampleTest.Run(classifier, part, options.Seed, device))];
    }

    static TransferScores[] Transfer(ComparedTables tables, QualityOptions options, ComputeDevice device, List<string> notes)
    {
        if (!options.Utility || tables.Target is not string target || tables.Train.Columns.Count < 2)
        {
            return [];
        }

        if (tables.Holdout is null)
        {
            notes.Add("Classifiers trained on synthetic rows are not scored: that needs real rows that the generator was not trained on.");
            return [];
        }

        var part = tables.Subset(options.MaxRows, options.Seed);
        var train = LabelledRows.Of(part.Train, target, tables.Classes);
        var synthetic = LabelledRows.Of(part.Synthetic, target, tables.Classes);

        // All hold-out rows: scoring is cheap, and a rare class needs every row.
        var test = LabelledRows.Of(tables.Holdout, target, tables.Classes);
        if (synthetic.ClassesMet < 2 || test.ClassesMet < 2 || train.Labels.Length < 6)
        {
            notes.Add("Classifiers trained on synthetic rows are not scored: that needs two classes of the target in synthetic and in hold-out rows.");
            return [];
        }

        if (part.Train.Rows < tables.Train.Rows || part.Synthetic.Rows < tables.Synthetic.Rows)
        {
            notes.Add(Text($"Classifiers were trained on at most {options.MaxRows} rows of each table, drawn by the seed."));
        }

        int unknown = part.Synthetic.Rows - synthetic.Labels.Length;
        if (unknown > 0)
        {
            notes.Add(Text($"{unknown} synthetic rows whose target is missing or unknown are not trained on."));
        }

        var all = ReferenceClassifier.All;
        var scores = new TransferScores[all.Count];
        DeviceLoop.For(device, scores.Length, i =>
            scores[i] = TransferScores.Run(all[i], train, synthetic, test, tables.Classes.Length, options.Seed));
        return scores;
    }

    static PrivacyMeasures? Measure(ComparedTables tables, QualityOptions options, ComputeDevice device, List<string> notes)
    {
        if (!options.Privacy)
        {
            return null;
        }

        if (tables.Holdout is null)
        {
            notes.Add("Privacy is not measured: that needs real rows that the generator was not trained on.");
            return null;
        }

        int largest = Math.Max(tables.Train.Rows, Math.Max(tables.Synthetic.Rows, tables.Holdout.Rows));
        if (largest > options.MaxAsked)
        {
            notes.Add(Text(
                $"At most {options.MaxAsked} rows of each table, drawn by the seed, asked for their nearest record among at most {options.MaxTried}."));
        }

        return PrivacyMeasures.Of(tables, options.MaxAsked, options.MaxTried, options.Seed, device);
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
