using CausalMixFT.Engine.Boosting;

namespace CausalMixFT.Engine.Scm;

/// <summary>The parents of a node as boosted trees see them, on the rows of the fit.</summary>
/// <remarks>Numbers as children see them, in single precision like the sampler's columns; levels as codes.</remarks>
sealed class BoostingRows
{
    // With fewer rows, trees of 20 rows a leaf and fewer are steps rather than curves.
    const int FewestRows = 200;

    public BoostingRows(IReadOnlyList<ColumnProfile> parents, FitRows sample)
    {
        Sample = sample;
        IsEnough = sample.Rows.Length >= FewestRows && sample.FoldStarts.Length > 2;
        IsCategorical = [.. parents.Select(parent => parent.Column.IsDiscrete)];
        Columns = !IsEnough ? [] : [.. parents.Zip(sample.ParentCodes, (parent, codes) => parent.Column.IsDiscrete
            ? Array.ConvertAll(codes, code => (float)code)
            : Array.ConvertAll(codes, code => parent.Values.Length > 0 ? (float)parent.Features[code] : 0))];
    }

    public FitRows Sample { get; }

    /// <summary>Whether there is enough to train trees and to see what they are worth.</summary>
    public bool IsEnough { get; }

    public float[][] Columns { get; }

    public bool[] IsCategorical { get; }
}

/// <summary>Boosted trees as a candidate for classes.</summary>
/// <param name="Losses">For each row, the calibrated log-loss out of fold.</param>
/// <param name="Predictor">The trees of all rows, calibrated: one output for each class, or of two the log-odds of the second.</param>
sealed record BoostedClasses(double[] Losses, Predictor Predictor);

/// <summary>Trains boosted trees where they are candidates for a mechanism.</summary>
static class BoostedFit
{
    // Each class has trees of its own.
    const int MostClasses = 12;

    // Rows that tell how much smaller errors are on rows that were seen: a figure for reports.
    const int MostOwnRows = 2000;

    /// <summary>f of a numeric node; null where trees are not tried.</summary>
    /// <param name="rows">The parents.</param>
    /// <param name="response">The node, on the scale of its noise.</param>
    /// <param name="rival">The candidate to beat.</param>
    /// <param name="options">How trees are trained.</param>
    /// <param name="forEach">Runs folds.</param>
    public static LocationFit? Location(
        BoostingRows rows, double[] response, LocationFit rival, ScmOptions options, Action<int, Action<int>> forEach)
    {
        if (options.Boosting is not { } boosting || !rows.IsEnough)
        {
            return null;
        }

        var task = new BoostingTask(
            rows.Columns, rows.IsCategorical, Array.ConvertAll(response, y => (float)y), BoostingObjective.SquaredError);
        var trees = BoostedTrees.CrossValidateAgainst(
            task, rows.Sample.FoldStarts, boosting with { Seed = options.Seed }, forEach,
            [.. rival.Losses.Select(loss => loss / 2)]);
        if (trees is null)
        {
            return null;
        }

        int[] own = OrderStatistics.Places(response.Length, MostOwnRows);
        double[] fitted = trees.Model.Predict([.. rows.Columns.Select(column => own.Select(row => column[row]).ToArray())]);
        double inSample = Math.Sqrt(own.Select((row, i) => Math.Pow(response[row] - fitted[i], 2)).Average());
        return LocationFit.OfTrees(Predictor.Of(trees.Model), response, trees.OutOfFold, inSample);
    }

    /// <summary>The probabilities of a node of classes; null where trees are not tried.</summary>
    /// <remarks>
    /// Boosted scores tend to be too sure or not sure enough: one factor on all of them, the inverse of Guo et al.'s (2017)
    /// temperature, minimises the out-of-fold log-loss and is worked into the leaves.
    /// </remarks>
    /// <param name="rows">The parents.</param>
    /// <param name="classes">Each row's class.</param>
    /// <param name="count">How many classes there are.</param>
    /// <param name="rival">Each row's out-of-fold log-loss of the candidate to beat.</param>
    /// <param name="boosting">How trees are trained; null for not at all.</param>
    /// <param name="seed">Seeds them.</param>
    /// <param name="forEach">Runs folds.</param>
    public static BoostedClasses? Classes(
        BoostingRows rows,
        int[] classes,
        int count,
        double[] rival,
        BoostingOptions? boosting,
        ulong seed,
        Action<int, Action<int>> forEach)
    {
        if (boosting is null || !rows.IsEnough || count > MostClasses)
        {
            return null;
        }

        var task = new BoostingTask(
            rows.Columns, rows.IsCategorical, Array.ConvertAll(classes, c => (float)c),
            count == 2 ? BoostingObjective.Binary : BoostingObjective.Multiclass, count);
        var trees = BoostedTrees.CrossValidateAgainst(
            task, rows.Sample.FoldStarts, boosting with { Seed = seed }, forEach, rival);
        if (trees is null)
        {
            return null;
        }

        double factor = Calibration.Factor(trees.OutOfFold, classes, task.Outputs);
        return new(Calibration.Losses(trees.OutOfFold, classes, task.Outputs, factor), Predictor.Of(Scaled(trees.Model, factor)));
    }

    static TreeModel Scaled(TreeModel model, double factor) => model with
    {
        Trees = [.. model.Trees.Select(tree => tree with { Leaves = [.. tree.Leaves.Select(leaf => factor * leaf)] })],
    };
}
