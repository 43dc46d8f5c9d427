using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>predictions.csv: for each row, its number, a class and probabilities; every score can be computed from it again.</summary>
/// <remarks>
/// Rows count from 1, the first below the header. Probabilities are the shortest text that reads back as the same float,
/// predicted numbers the shortest that reads back as the same double.
/// </remarks>
public static class PredictionsCsv
{
    /// <summary>A run's test rows: row, label, then "ARM P(CLASS)" for each arm and class.</summary>
    public static void WriteTest(RunResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        var task = result.Task;
        int classes = task.ClassNames.Count;
        CsvText.Write(path, text =>
        {
            CsvText.WriteRow(text, [
                "row", "label", .. result.Arms.SelectMany(arm => task.ClassNames.Select(name => $"{arm.Name} P({name})"))]);
            for (int i = 0; i < result.Split.Test.Length; i++)
            {
                int row = result.Split.Test[i];
                CsvText.WriteRow(text, [
                    Number(task.SourceRows[row] + 1), task.ClassNames[task.Labels[row]],
                    .. result.Arms.SelectMany(arm => Cells(arm.TestProbabilities, i, classes))]);
            }
        });
    }

    /// <summary>Predicted rows: row, class, then P(CLASS) for each class.</summary>
    public static void WriteNew(ClassificationTask task, float[] probabilities, string path)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(probabilities);
        int classes = task.ClassNames.Count;
        CsvText.Write(path, text =>
        {
            CsvText.WriteRow(text, ["row", "class", .. task.ClassNames.Select(name => $"P({name})")]);
            for (int row = 0; row < probabilities.Length / classes; row++)
            {
                var shares = probabilities.AsSpan(row * classes, classes);
                int likeliest = shares.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(shares));
                CsvText.WriteRow(text, [Number(row + 1), task.ClassNames[likeliest], .. Cells(probabilities, row, classes)]);
            }
        });
    }

    /// <summary>Rows whose number was predicted: row, mean, median, then a column "q0.1" for each quantile.</summary>
    public static void WriteNumbers(IReadOnlyList<NumericPrediction> predictions, string path)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        CsvText.Write(path, text =>
        {
            CsvText.WriteRow(text, ["row", "mean", "median", .. NumericPrediction.Shares.Select(share => $"q{Number(share)}")]);
            for (int row = 0; row < predictions.Count; row++)
            {
                var one = predictions[row];
                CsvText.WriteRow(text, [Number(row + 1), Number(one.Mean), Number(one.Median), .. one.Quantiles.Select(Number)]);
            }
        });
    }

    /// <summary>Every row of several splits: split, row, part, label, and for test rows P(CLASS) for each class.</summary>
    public static void WriteSplits(ClassificationTask task, IReadOnlyList<SplitResult> splits, string path)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(splits);
        int classes = task.ClassNames.Count;
        string[] none = [.. task.ClassNames.Select(_ => "")];
        CsvText.Write(path, text =>
        {
            CsvText.WriteRow(text, ["split", "row", "part", "label", .. task.ClassNames.Select(name => $"P({name})")]);
            for (int number = 0; number < splits.Count; number++)
            {
                var (split, arm) = splits[number];
                Part("train", split.Train, _ => none);
                Part("validation", split.Validation, _ => none);
                Part("test", split.Test, i => Cells(arm.TestProbabilities, i, classes));

                void Part(string name, int[] rows, Func<int, IEnumerable<string>> cells)
                {
                    for (int i = 0; i < rows.Length; i++)
                    {
                        CsvText.WriteRow(text, [
                            Number(number), Number(task.SourceRows[rows[i]] + 1), name, task.ClassNames[task.Labels[rows[i]]], .. cells(i)]);
                    }
                }
            }
        });
    }

    static IEnumerable<string> Cells(float[] probabilities, int row, int classes) =>
        Enumerable.Range(row * classes, classes).Select(i => probabilities[i].ToString("R", CultureInfo.InvariantCulture));

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
