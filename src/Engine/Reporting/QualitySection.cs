using System.Globalization;
using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The parts of a report that judge synthetic rows.</summary>
static class QualitySection
{
    /// <summary>The picture of the marginals, by the name under which reports ask for it.</summary>
    public const string MarginalsPicture = "marginals.svg";

    /// <summary>The picture of how pairs of columns hang together.</summary>
    public const string TrendsPicture = "pair-trends.svg";

    // Pairs that are farthest apart; quality.json has all.
    const int MostPairs = 12;

    /// <summary>One line a measure: of synthetic rows, of fresh real rows where there are some, and what would be best.</summary>
    public static void WriteSummary(MarkdownText text, SyntheticQuality quality)
    {
        var rows = new List<string[]>
        {
            Row("Column shapes", Score(quality.ShapeScore), Score(quality.ShapeScoreOfHoldout), "1"),
            Row("Pair trends", Score(quality.Trends.Score), Score(quality.TrendScoreOfHoldout), "1"),
        };
        foreach (var test in quality.Detection)
        {
            rows.Add(Row($"Told apart by {test.Classifier} (ROC-AUC)", Interval(test.RocAuc), "", "0.5"));
        }

        if (quality.Minority is { } minority)
        {
            string name = Rarest(minority);
            rows.Add(Row($"Shapes within {name}", Score(minority.Shapes), Score(minority.ShapesOfHoldout), "1"));
            rows.Add(Row($"Coverage of {name}", Score(minority.Coverage), Score(minority.CoverageOfHoldout), "as fresh"));
        }

        if (quality.Privacy is { } privacy)
        {
            rows.Add(Row("Nearer to a training than to a hold-out row", Percent(privacy.ShareCloserToTraining), "50.0 %", "50 %"));
            rows.Add(Row("Copies of a training row", Percent(privacy.ExactCopies), Percent(privacy.ExactCopiesOfHoldout), "as fresh"));
            rows.Add(Row("Membership attack by distance (ROC-AUC)", Interval(privacy.NearestAttack), "", "0.5"));
        }

        if (quality.Graph is { Conditions: > 0 } graph)
        {
            rows.Add(Row("Independences of the graph violated", Percent(graph.ShareViolated), "", Text($"{graph.Alpha:0.#%}")));
        }

        // Without hold-out rows there is nothing to put into their column.
        bool fresh = quality.HoldoutRows > 0;
        text.Table(
            1, fresh ? ["", "Synthetic rows", "Fresh real rows", "Ideal"] : ["", "Synthetic rows", "Ideal"],
            rows.Select(row => fresh ? row : (IReadOnlyList<string>)[row[0], row[1], row[3]]));

        static string[] Row(params string[] cells) => cells;
    }

    /// <summary>The section of a run's report: the summary, the marginals, and whether the graph fits.</summary>
    /// <param name="text">The report.</param>
    /// <param name="quality">What was measured.</param>
    /// <param name="holdout">What its fresh real rows are.</param>
    public static void WriteBrief(MarkdownText text, SyntheticQuality quality, string holdout)
    {
        text.Heading(2, "How good the synthetic rows are");
        WriteSummary(text, quality);
        text.Paragraph(
            $"Fresh real rows are {holdout}; few of them score a little lower by chance alone. Column shapes and pair trends are mean similarities to the training rows, as SDMetrics has them; a classifier that tells synthetic from real rows at " +
            "0.5 is guessing. `evaluate --synthetic` says more, and what each measure cannot see. **No claim about privacy is made.**");
        text.Picture("Distribution of each column among real and synthetic rows", MarginalsPicture);
        text.Paragraph(MarginalsCaption(quality));
        WriteGraph(text, quality, level: 3);
    }

    /// <summary>Each column's marginal, as a picture and as a table.</summary>
    public static void WriteShapes(MarkdownText text, SyntheticQuality quality)
    {
        text.Heading(2, "Each column by itself");
        text.Picture("Distribution of each column among real and synthetic rows", MarginalsPicture);
        text.Paragraph(MarginalsCaption(quality));
    }

    /// <summary>How pairs of columns hang together, as a picture and the pairs that are farthest apart.</summary>
    public static void WriteTrends(MarkdownText text, SyntheticQuality quality)
    {
        if (quality.Trends.Pairs.Count == 0)
        {
            return;
        }

        text.Heading(2, "Pairs of columns");
        text.Picture("How pairs of columns hang together among real and synthetic rows", TrendsPicture);
        text.Paragraph(
            "Pearson's correlation of two numbers, Cramér's V of two names, the correlation ratio of one and one; the last two have no sign. A pair with a " +
            "constant column is blank." +
            (quality.Trends.Columns.Count > PairTrendsChart.MostColumns ? Text($" Of {quality.Trends.Columns.Count} columns the {PairTrendsChart.MostColumns} of the pairs farthest apart are shown.") : ""));
        text.Paragraph(Text($"Similarity of pairs {Score(quality.Trends.Score)} on average; {Score(quality.Trends.ScoreWithOwnEdges)} when each table is cut at edges of its own, as SDMetrics' report does. The pairs farthest apart:"));
        text.Table(
            2, ["Column", "Column", "Real", "Synthetic", "Similarity"],
            quality.Trends.Pairs.Where(pair => !double.IsNaN(pair.Similarity)).OrderBy(pair => pair.Similarity).Take(MostPairs)
                .Select(pair => (IReadOnlyList<string>)[
                    MarkdownText.Name(pair.First), MarkdownText.Name(pair.Second), Signed(pair.Real), Signed(pair.Synthetic), Score(pair.Similarity)]));
    }

    /// <summary>Whether classifiers tell synthetic rows from real ones.</summary>
    public static void WriteDetection(MarkdownText text, SyntheticQuality quality)
    {
        if (quality.Detection.Count == 0)
        {
            return;
        }

        text.Heading(2, "Can they be told apart?");
        text.Table(
            1, ["Classifier", "ROC-AUC", "from", "to", "Detection score"],
            quality.Detection.Select(test => (IReadOnlyList<string>)[
                test.Classifier, Score(test.RocAuc.Area), Score(test.RocAuc.Low), Score(test.RocAuc.High), Score(test.DetectionScore)]));
        text.Paragraph(
            "Each classifier was trained to tell real from synthetic rows and asked about rows that it was not trained on: 0.5 is guessing, 1 is always right. " +
            "From and to: a 95 % interval (DeLong). The detection score is SDMetrics': 1 is not told apart. Logistic regression looks at columns one by one and " +
            "finds little; boosted trees find what a picture of one or two columns does not show, down to a grid of decimals, so 0.5 is hard to reach and seldom needed.");
    }

    /// <summary>What synthetic rows are worth as training rows.</summary>
    public static void WriteUtility(MarkdownText text, SyntheticQuality quality)
    {
        if (quality.Utility.Count == 0)
        {
            return;
        }

        text.Heading(2, "As training rows");
        text.Table(
            2, ["Classifier", "trained on", "ROC-AUC", "AUPRC", "F1 rarest at 0.5", "F1 rarest, tuned", "F1 mean, tuned", "Log-loss"],
            quality.Utility.SelectMany(scores => (IReadOnlyList<string>[])[
                Line(scores.Classifier, "real rows", scores.Real), Line("", "synthetic rows", scores.Synthetic)]));
        text.Paragraph(
            Text($"All were scored on the same {TaskSummary.Count(quality.HoldoutRows, "hold-out row")}, which neither the classifiers nor the generator saw. ") +
            "The tuned threshold was chosen on real training rows for both. One seed: differences of 0.01 are noise.");

        static IReadOnlyList<string> Line(string classifier, string rows, ClassificationScores scores) => [
            classifier, rows, Score(scores.RocAuc), Score(scores.AveragePrecision), Score(scores.Half.F1Minority), Score(scores.Tuned.F1Minority),
            Score(scores.Tuned.F1Macro), Score(scores.LogLoss)];
    }

    /// <summary>The rarest class by itself.</summary>
    public static void WriteMinority(MarkdownText text, SyntheticQuality quality)
    {
        if (quality.Minority is not { } minority)
        {
            return;
        }

        text.Heading(2, $"The rarest class: {Rarest(minority)}");
        text.Paragraph(
            $"{TaskSummary.Count(minority.RealRows, "training row")} and {TaskSummary.Count(minority.SyntheticRows, "synthetic row")} are of it. Among those alone, column shapes are " +
            $"{Score(minority.Shapes)} and pair trends {Score(minority.Trends)}." + (double.IsNaN(minority.Coverage)
                ? $" Coverage needs more than {MinorityFidelity.Neighbours} training rows of the class."
                : $" {Percent(minority.Coverage)} of its training rows have a synthetic row of the class as near as their fifth neighbour (coverage); density is {Score(minority.Density)}, 1 where " +
                  "synthetic rows lie as close as real ones." + (double.IsNaN(minority.CoverageOfHoldout) ? ""
                    : $" {TaskSummary.Count(minority.HoldoutRows, "hold-out row")} of the class cover {Percent(minority.CoverageOfHoldout)}; as many synthetic rows were looked at, because more rows cover more.")));
    }

    /// <summary>What synthetic rows give away, as far as can be seen.</summary>
    public static void WritePrivacy(MarkdownText text, SyntheticQuality quality)
    {
        text.Heading(2, "What they give away");
        if (quality.Privacy is not { } privacy)
        {
            text.Paragraph("**No claim about privacy is made.** Nothing was measured: that needs real rows that the generator was not trained on (hold-out rows).");
            return;
        }

        text.Table(1, ["", "Synthetic rows", "Fresh real rows"], [
            ["Equal to a training row in every column", Percent(privacy.ExactCopies), Percent(privacy.ExactCopiesOfHoldout)],
            ["Median distance to the nearest training row", Score(privacy.MedianToTraining), Score(privacy.MedianOfHoldoutToTraining)],
            ["Median distance to the nearest hold-out row", Score(privacy.MedianToHoldout), ""],
            ["Nearer to a training than to a hold-out row", Percent(privacy.ShareCloserToTraining), "50.0 %"],
        ]);
        text.List([
            Attack("how near the nearest synthetic row is", privacy.NearestAttack),
            .. privacy.RelativeAttack is { } relative ? (string[])[Attack("that against the nearest of other real rows", relative)] : [],
        ]);
        text.Paragraph(
            "**No claim about privacy is made.** Distances miss real leaks, and other attacks may see what these two do not; neither is a guarantee such as " +
            "differential privacy. Copies at the natural rate, that of fresh real rows, are what a coarse table has anyway.");

        static string Attack(string by, AucInterval area) =>
            $"Guessing who was a training row by {by}: ROC-AUC {Interval(area)}. " + (area.ContainsHalf
                ? "The interval contains 0.5: this attack does no better than guessing here."
                : area.Area > 0.5 ? "**The interval leaves out 0.5: training rows can be told from others.**"
                : "The interval lies below 0.5: hold-out rows are the nearer ones, so the two sets of rows differ in more than training.");
    }

    /// <summary>Whether the data contradict the graph.</summary>
    public static void WriteGraph(MarkdownText text, SyntheticQuality quality, int level = 2)
    {
        if (quality.Graph is not { } graph)
        {
            return;
        }

        text.Heading(level, "Does the graph fit the real rows?");
        if (graph.Conditions == 0)
        {
            text.Paragraph("The graph implies no independence that could be tested, so no table can contradict it.");
            return;
        }

        string against = graph.ShuffledShares.Count == 0 ? "" : Text(
            $" Graphs of the same shape with the variables shuffled violate {Percent(graph.ShuffledShares[graph.ShuffledShares.Count / 2])} in the middle, and {Percent(graph.PValue)} of {graph.ShuffledShares.Count} violate as few: ") +
            (graph.PValue <= 0.05 ? "this graph fits better than chance." : "**this graph fits no better than a shuffled one.**");
        text.Paragraph(Text(
            $"Of {graph.Conditions:N0} independences that the graph implies, real training rows violate {graph.Violations:N0} ({Percent(graph.ShareViolated)}) by the {graph.Test} test at α = {graph.Alpha}; a right graph violates about {graph.Alpha:0.#%}.") + against);
        if (graph.Worst.Count > 0)
        {
            text.Table(
                3, ["Independent, says the graph", "", "given", "p"],
                graph.Worst.Select(condition => (IReadOnlyList<string>)[
                    MarkdownText.Name(condition.X), MarkdownText.Name(condition.Y),
                    condition.Given.Count == 0 ? "nothing" : string.Join(", ", condition.Given.Select(MarkdownText.Name)),
                    condition.PValue < 1e-4 ? "< 0.0001" : Text($"{condition.PValue:0.0000}")]));
        }

        text.Paragraph("A graph that was found on these very rows fits them better than it would fit others: few violations say little, many say that the graph is wrong.");
    }

    static string MarginalsCaption(SyntheticQuality quality) =>
        "In brackets the distance: the Kolmogorov–Smirnov statistic for numbers, the total variation for names; 0 is the same distribution, 1 none " +
        "in common. The outermost bins of a number hold all that lies beyond." +
        (quality.Shapes.Count > MarginalsChart.MostColumns ? Text($" Of {quality.Shapes.Count} columns the {MarginalsChart.MostColumns} farthest apart are shown.") : "");

    static string Rarest(MinorityFidelity minority) => $"{MarkdownText.Name(minority.Target)} = {MarkdownText.Name(minority.Class)}";

    static string Interval(AucInterval area) => double.IsNaN(area.Area) ? "–" : Text($"{Score(area.Area)} ({Score(area.Low)} to {Score(area.High)})");

    static string Score(double value) => double.IsNaN(value) ? "–" : Text($"{value:0.000}");

    static string Percent(double value) => double.IsNaN(value) ? "–" : Text($"{100 * value:0.0} %");

    static string Signed(double value) => double.IsNaN(value) ? "–" : Text($"{value:0.00;−0.00;0.00}");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
