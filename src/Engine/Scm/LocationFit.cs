using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>A candidate for f in X = f(parents) + noise, on one scale of X.</summary>
/// <param name="Basis">What f is made of: linear, hinges, interactions or trees.</param>
/// <param name="Predictor">f, fitted to all rows.</param>
/// <param name="Fitted">The values f took on them.</param>
/// <param name="Predicted">For each row, f fitted without the row's fold.</param>
/// <param name="Errors">For each row, what that missed: centred, and of the deviation that noise should have.</param>
/// <param name="Losses">For each row, the squared error as it was.</param>
/// <param name="OutOfFoldDeviation">The deviation of the errors as they were.</param>
/// <param name="InSampleDeviation">The same on the rows that f was fitted to.</param>
sealed record LocationFit(
    string Basis,
    Predictor Predictor,
    FittedRange Fitted,
    double[] Predicted,
    double[] Errors,
    double[] Losses,
    double OutOfFoldDeviation,
    double InSampleDeviation)
{
    // Below it, the fit nearly interpolates and the geometric mean says nothing.
    const double SmallestRatio = 0.5;

    /// <summary>The best of the bases that are linear in their weights.</summary>
    /// <remarks>
    /// A fit's residuals on its own rows are too small: σ² (1 − h) for leverage h. Out of fold they are too large by as
    /// much, for they hold the fit's own error: σ² / (1 − h). They are therefore scaled to the geometric mean of both
    /// deviations, which is σ (MacKinnon and White's HC2, 1985, in the mean).
    /// </remarks>
    public static LocationFit Linear(
        Design design, RidgeRegression regression, double[] response, IReadOnlyList<double> ridges)
    {
        double[][] moments = regression.Moments(response);
        var sets = design.Candidates().ToArray();
        var fits = sets.Select(set => ridges
            .Select(ridge => OutOfFold(design, regression, set, moments, response, ridge))
            .MinBy(fit => fit.Losses.Sum())).ToArray();
        int chosen = design.Folds > 1 ? BasisChoice.OneStandardError([.. fits.Select(fit => fit.Losses)]) : 0;
        var (ridge, predicted, losses) = fits[chosen];
        double[] weights = regression.Fit(sets[chosen], moments, ridge, null);
        var fitted = new double[design.Rows];
        for (int fold = 0; fold < design.Folds; fold++)
        {
            regression.Predict(weights, fold, fitted);
        }

        double[] errors = Centred(response, predicted);
        double ownRows = Deviation(Centred(response, fitted)), outOfFold = Deviation(errors);
        double factor = outOfFold > 0 ? Math.Sqrt(Math.Max(ownRows / outOfFold, SmallestRatio)) : 1;
        TensorPrimitives.Multiply(errors, factor, errors);
        return new(
            sets[chosen].ToString().ToLowerInvariant(), design.ToPredictor(sets[chosen], weights, 1),
            new(fitted.Min(), fitted.Max()), predicted, errors, losses, outOfFold, ownRows);
    }

    /// <summary>Boosted trees, whose out-of-fold errors are noise as they are.</summary>
    /// <remarks>How far trees bend to their own rows says little about how far they are from the truth on others.</remarks>
    public static LocationFit OfTrees(Predictor trees, double[] response, double[] predicted, double inSampleDeviation)
    {
        double[] errors = Centred(response, predicted);
        return new(
            "trees", trees, new(predicted.Min(), predicted.Max()), predicted, errors, SquaredErrors(response, predicted),
            Deviation(errors), inSampleDeviation);
    }

    static (double Ridge, double[] Predicted, double[] Losses) OutOfFold(
        Design design, RidgeRegression regression, BasisSet set, double[][] moments, double[] response, double ridge)
    {
        var predicted = new double[design.Rows];
        for (int fold = 0; fold < design.Folds; fold++)
        {
            regression.Predict(regression.Fit(set, moments, ridge, design.Folds > 1 ? fold : null), fold, predicted);
        }

        return (ridge, predicted, SquaredErrors(response, predicted));
    }

    /// <summary>(response − predicted)², row by row.</summary>
    public static double[] SquaredErrors(double[] response, double[] predicted)
    {
        var losses = new double[response.Length];
        TensorPrimitives.Subtract(response, predicted, losses);
        TensorPrimitives.Multiply(losses, losses, losses);
        return losses;
    }

    static double[] Centred(double[] response, double[] predicted)
    {
        var errors = new double[response.Length];
        TensorPrimitives.Subtract(response, predicted, errors);
        TensorPrimitives.Subtract(errors, TensorPrimitives.Sum<double>(errors) / Math.Max(errors.Length, 1), errors);
        return errors;
    }

    static double Deviation(double[] errors) =>
        Math.Sqrt(TensorPrimitives.SumOfSquares<double>(errors) / Math.Max(errors.Length, 1));
}
