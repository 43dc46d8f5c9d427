using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>
/// What synthetic rows are worth as training rows: the same classifier trained on them and on real rows, both scored on the
/// same real rows that neither saw.
/// </summary>
/// <remarks>
/// Esteban, Hyland and Rätsch (2017) call it train on synthetic, test on real (TSTR). Both decision rules are tuned on real training
/// rows: of the synthetic-trained classifier directly, of the real-trained one on cross-fitted probabilities.
/// </remarks>
/// <param name="Classifier">Which classifier.</param>
/// <param name="Synthetic">Scores of the one trained on synthetic rows.</param>
/// <param name="Real">Scores of the one trained on real rows.</param>
public sealed record TransferScores(string Classifier, ClassificationScores Synthetic, ClassificationScores Real)
{
    const int Folds = 3;

    /// <summary>Trains and scores a classifier; every table has at least two classes.</summary>
    internal static TransferScores Run(
        ReferenceClassifier classifier, LabelledRows train, LabelledRows synthetic, LabelledRows test, int classes, ulong seed)
    {
        double[] prior = DecisionRule.PriorOf(train.Labels, classes);
        var crossFitted = new float[train.Labels.Length * classes];
        foreach (var fold in StratifiedSplit.Folds(train.Labels, seed, Folds, validationShare: 0))
        {
            var others = train.Select(fold.Train);
            float[] part = classifier.Probabilities(others.Features, others.Labels, classes, train.Select(fold.Test).Features);
            for (int i = 0; i < fold.Test.Length; i++)
            {
                part.AsSpan(i * classes, classes).CopyTo(crossFitted.AsSpan(fold.Test[i] * classes));
            }
        }

        // One fit gives the probabilities of the rows that tune the rule and of those that are scored.
        var both = train.Features.Concat(test.Features);
        float[] fromSynthetic = classifier.Probabilities(synthetic.Features, synthetic.Labels, classes, both);
        float[] fromReal = classifier.Probabilities(train.Features, train.Labels, classes, test.Features);
        int tuning = train.Labels.Length * classes;
        return new(
            classifier.Name,
            Score(fromSynthetic.AsSpan(tuning), DecisionRule.Tune(fromSynthetic.AsSpan(0, tuning), train.Labels, prior)),
            Score(fromReal, DecisionRule.Tune(crossFitted, train.Labels, prior)));

        ClassificationScores Score(ReadOnlySpan<float> probabilities, DecisionRule rule) =>
            ClassificationScores.Compute(probabilities, test.Labels, classes, prior, rule);
    }
}

/// <summary>Rows whose class is known: what to predict from, and the class.</summary>
sealed record LabelledRows(Table Features, int[] Labels)
{
    /// <summary>The rows of a table whose target is one of the classes, ascending values.</summary>
    public static LabelledRows Of(Table table, string target, double[] classes)
    {
        int[] labels = Array.ConvertAll(table[target].Values.ToArray(), value => Array.BinarySearch(classes, value));
        int[] known = [.. Enumerable.Range(0, labels.Length).Where(row => labels[row] >= 0)];
        return new(table.Without(target).Select(known), Array.ConvertAll(known, row => labels[row]));
    }

    /// <summary>How many classes occur.</summary>
    public int ClassesMet => Labels.Distinct().Count();

    public LabelledRows Select(int[] rows) => new(Features.Select(rows), Array.ConvertAll(rows, row => Labels[row]));
}
