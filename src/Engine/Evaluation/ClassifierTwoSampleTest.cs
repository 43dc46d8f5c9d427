using System.Text.Json.Serialization;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How well a classifier tells synthetic rows from real ones that it was not trained on; ½ is not at all.</summary>
/// <remarks>
/// Lopez-Paz and Oquab (2017). Cross-fitted over folds with real and synthetic rows in equal parts; the area is the mean of the
/// folds'. An area near ½ says only that this classifier sees no difference: logistic regression is nearly blind to how
/// columns hang together, boosted trees are not.
/// </remarks>
/// <param name="Classifier">Which classifier.</param>
/// <param name="RocAuc">The area, and its interval given the fits.</param>
/// <param name="DetectionScore">SDMetrics' detection score, 1 − the mean over folds of max(0, 2 · area − 1): 1 is not told apart.</param>
public sealed record ClassifierTwoSampleTest(
    string Classifier, AucInterval RocAuc, [property: JsonConverter(typeof(UndefinedAsNull))] double DetectionScore)
{
    /// <summary>The folds, as in SDMetrics.</summary>
    internal const int Folds = 3;

    /// <summary>Tells rows of two tables apart.</summary>
    internal static ClassifierTwoSampleTest Run(
        ReferenceClassifier classifier, ComparedTables tables, ulong seed, ComputeDevice device)
    {
        var all = tables.Train.Concat(tables.Synthetic);
        int[] labels = [.. Enumerable.Repeat(1, tables.Train.Rows), .. Enumerable.Repeat(0, tables.Synthetic.Rows)];
        var areas = new (double Area, double Variance)[Folds];
        var folds = StratifiedSplit.Folds(labels, seed, Folds, validationShare: 0);
        DeviceLoop.For(device, Folds, fold =>
        {
            var (train, test) = (folds[fold].Train, folds[fold].Test);
            int[] trainLabels = Array.ConvertAll(train, row => labels[row]);
            float[] probabilities = classifier.Probabilities(all.Select(train), trainLabels, 2, all.Select(test));
            float[] Scores(int label) => [.. Enumerable.Range(0, test.Length).Where(i => labels[test[i]] == label).Select(i => probabilities[2 * i + 1])];
            areas[fold] = AucInterval.Moments(Scores(1), Scores(0));
        });
        return new(classifier.Name, AucInterval.Mean(areas), 1 - areas.Average(part => Math.Max(0, 2 * part.Area - 1)));
    }
}
