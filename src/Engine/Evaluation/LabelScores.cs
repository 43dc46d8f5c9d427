using System.Text.Json.Serialization;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>How well one rule's classes match the true ones; NaN where the rows cannot tell.</summary>
public sealed record LabelScores
{
    /// <summary>The mean of F1 over the classes that occur among true or predicted ones.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double F1Macro { get; init; }

    /// <summary>F1 of the class rarest in training; NaN when it is neither true nor predicted anywhere.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double F1Minority { get; init; }

    /// <summary>The mean of recall over the true classes.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double BalancedAccuracy { get; init; }

    /// <summary>The share of rows whose class is right.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Accuracy { get; init; }

    /// <summary>
    /// Matthews's correlation (Gorodkin's for more classes); 0 when one class is always predicted, NaN when one is
    /// always true.
    /// </summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public required double Matthews { get; init; }

    /// <summary>The geometric mean of recall over the true classes: 0 as soon as one of them is never recognised.</summary>
    [JsonConverter(typeof(UndefinedAsNull))]
    public double GMean { get; init; } = double.NaN;

    /// <summary>Scores predicted classes against true ones.</summary>
    public static LabelScores Compute(ReadOnlySpan<int> predicted, ReadOnlySpan<int> labels, int classes, int minority)
    {
        if (predicted.Length != labels.Length)
        {
            throw new ArgumentException($"{predicted.Length} predictions for {labels.Length} labels.", nameof(predicted));
        }

        var counts = new ConfusionCounts(classes);
        for (int row = 0; row < labels.Length; row++)
        {
            counts.Add(labels[row], predicted[row]);
        }

        return new()
        {
            F1Macro = counts.F1Macro(),
            F1Minority = counts.F1(minority),
            BalancedAccuracy = counts.BalancedAccuracy(),
            Accuracy = counts.Accuracy(),
            Matthews = counts.Matthews(),
            GMean = counts.GMean(),
        };
    }
}
