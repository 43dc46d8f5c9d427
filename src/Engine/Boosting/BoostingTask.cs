using System.Diagnostics;

namespace CausalMixFT.Engine.Boosting;

/// <summary>Rows to learn from.</summary>
/// <param name="Columns">The features, column by column: finite numbers, or category codes 0, 1, 2, …</param>
/// <param name="IsCategorical">Which features are codes.</param>
/// <param name="Target">What to predict: numbers, counts, or classes 0, 1, 2, …</param>
/// <param name="Objective">What the target is.</param>
/// <param name="Classes">How many classes; 1 where the target is a number or count.</param>
/// <param name="Weights">How much each row counts, or null for all the same.</param>
public sealed record BoostingTask(
    float[][] Columns,
    bool[] IsCategorical,
    float[] Target,
    BoostingObjective Objective,
    int Classes = 1,
    float[]? Weights = null)
{
    /// <summary>How many rows.</summary>
    public int Rows => Target.Length;

    /// <summary>Scores of a row: one for each class where there are several, else one.</summary>
    public int Outputs => Objective == BoostingObjective.Multiclass ? Classes : 1;

    internal string Parameters(BoostingOptions options) => options.Parameters(Objective, Classes, missing: false);

    // LightGBM reads beyond short arrays.
    internal void Check()
    {
        if (Columns.Length == 0 || Rows == 0 || IsCategorical.Length != Columns.Length
            || (Weights is not null && Weights.Length != Rows) || Columns.Any(column => column.Length != Rows))
        {
            throw new ArgumentException(
                $"Boosted trees need at least one row and feature, and as many values of each column and weight as " +
                $"the {Rows} of the target.");
        }

        Debug.Assert(
            Columns.All(column => column.All(float.IsFinite)), "Features of boosted trees have no missing values.");
    }
}
