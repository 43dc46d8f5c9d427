using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>The rows of a draw, as tables and as the model sees them, encoded with the statistics of the training rows.</summary>
sealed class DrawnRows
{
    readonly FeatureEncoder _encoder;

    DrawnRows(ClassificationTask train, ClassificationTask validation, ClassificationTask test)
    {
        (Train, Validation, Test) = (train, validation, test);
        _encoder = FeatureEncoder.Fit(train.Features);
        (EncodedTrain, EncodedValidation, EncodedTest) = (Encode(train), Encode(validation), Encode(test));
        TrainCounts = Counts(train);
        ValidationCounts = Counts(validation);
    }

    /// <summary>Training rows.</summary>
    public ClassificationTask Train { get; }

    /// <summary>Validation rows.</summary>
    public ClassificationTask Validation { get; }

    /// <summary>Test rows.</summary>
    public ClassificationTask Test { get; }

    /// <summary>Training rows as the model sees them.</summary>
    public EncodedRows EncodedTrain { get; }

    /// <summary>Validation rows as the model sees them.</summary>
    public EncodedRows EncodedValidation { get; }

    /// <summary>Test rows as the model sees them.</summary>
    public EncodedRows EncodedTest { get; }

    /// <summary>Training rows of each class.</summary>
    public int[] TrainCounts { get; }

    /// <summary>Validation rows of each class.</summary>
    public int[] ValidationCounts { get; }

    /// <summary>How many classes.</summary>
    public int Classes => TrainCounts.Length;

    /// <summary>Draws the rows, or says why that is not possible.</summary>
    public static DrawnRows? Draw(Study study, StudyTable table, StudyDraw draw, out string? fault)
    {
        fault = table.Fault;
        if (table.Task is not { } task)
        {
            return null;
        }

        var (pool, test) = table.Split(draw.Split);
        var rows = SkewedSplit.Draw(
            task.Labels, task.ClassNames, pool, draw.Rows, draw.Share, study.ValidationPerRow,
            StudySeed.OfPool(study.Seed, draw), out fault);
        return rows is null ? null : new(task.Select(rows.Train), task.Select(rows.Validation), task.Select(test));
    }

    /// <summary>Other rows of the table's columns as the model sees them.</summary>
    public EncodedRows Encode(Table rows) => EncodedRows.Of(_encoder, rows, Train.LabelsIn(rows));

    EncodedRows Encode(ClassificationTask rows) => EncodedRows.Of(_encoder, rows.Features, rows.Labels);

    static int[] Counts(ClassificationTask rows)
    {
        var counts = new int[rows.ClassNames.Count];
        foreach (int label in rows.Labels)
        {
            counts[label]++;
        }

        return counts;
    }
}
