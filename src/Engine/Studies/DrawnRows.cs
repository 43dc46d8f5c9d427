using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>The rows of a draw, as tables and as the model is shown them, by what the training rows are like.</summary>
sealed class DrawnRows
{
    readonly Func<Table, int[], ShownRows> _show;

    DrawnRows(TabularModel model, ClassificationTask train, ClassificationTask validation, ClassificationTask test)
    {
        (Train, Validation, Test) = (train, validation, test);
        _show = CausalMix.Shown(model, train, train.Features);
        (ShownTrain, ShownValidation, ShownTest) = (Show(train), Show(validation), Show(test));
        TrainCounts = Counts(train);
        ValidationCounts = Counts(validation);
    }

    /// <summary>Training rows.</summary>
    public ClassificationTask Train { get; }

    /// <summary>Validation rows.</summary>
    public ClassificationTask Validation { get; }

    /// <summary>Test rows.</summary>
    public ClassificationTask Test { get; }

    /// <summary>Training rows as the model is shown them.</summary>
    public ShownRows ShownTrain { get; }

    /// <summary>Validation rows as the model is shown them.</summary>
    public ShownRows ShownValidation { get; }

    /// <summary>Test rows as the model is shown them.</summary>
    public ShownRows ShownTest { get; }

    /// <summary>Training rows of each class.</summary>
    public int[] TrainCounts { get; }

    /// <summary>Validation rows of each class.</summary>
    public int[] ValidationCounts { get; }

    /// <summary>How many classes.</summary>
    public int Classes => TrainCounts.Length;

    /// <summary>Draws the rows, or says why that is not possible.</summary>
    public static DrawnRows? Draw(Study study, StudyTable table, StudyDraw draw, TabularModel model, out string? fault)
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
        return rows is null ? null : new(model, task.Select(rows.Train), task.Select(rows.Validation), task.Select(test));
    }

    /// <summary>Other rows of the table's columns as the model is shown them.</summary>
    public ShownRows Show(Table rows) => _show(rows, Train.LabelsIn(rows));

    ShownRows Show(ClassificationTask rows) => _show(rows.Features, rows.Labels);

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
