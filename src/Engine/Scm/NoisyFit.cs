using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>A candidate for f(parents) + s(parents) · N on one scale of X, with its out-of-fold score.</summary>
/// <param name="Location">f.</param>
/// <param name="Scale">s; null for 1.</param>
/// <param name="Residuals">What N is drawn from, ascending.</param>
/// <param name="LogScales">For each row, log s fitted without its fold; null for 0.</param>
/// <param name="Scores">For each row, the continuous ranked probability score of the out-of-fold distribution.</param>
sealed record NoisyFit(
    LocationFit Location, NoiseScale? Scale, double[] Residuals, double[]? LogScales, double[] Scores)
{
    // log |e| of an error that is exactly 0, as a share of the errors' deviation.
    const double SmallestError = 1e-3;

    // s may be this many times wider or narrower than at the mean of log s: a fit must not make noise explode.
    const double MostLogScale = 2.5;

    /// <summary>The candidate's name in scores.</summary>
    public string Name => Scale is null ? Location.Basis : $"{Location.Basis}, scaled noise";

    /// <summary>log s of a row.</summary>
    public double LogScaleOf(int row) => LogScales is null ? 0 : LogScales[row];

    /// <summary>Noise of one width.</summary>
    public static NoisyFit Constant(LocationFit location, int mostResiduals)
    {
        double[] residuals = OrderStatistics.Thin([.. location.Errors.Order()], mostResiduals);
        return new(location, null, residuals, null, Score(location.Errors, null, residuals));
    }

    /// <summary>
    /// Noise whose width depends on the parents, or null where the errors' sizes do not tell that it does.
    /// </summary>
    /// <remarks>
    /// log |error| regressed on the same bases (Harvey 1976): robust against heavy tails where squares are not. N is the
    /// errors divided by s out of fold, so its own shape and size are kept.
    /// </remarks>
    public static NoisyFit? Scaled(
        LocationFit location, Design design, RidgeRegression regression, double ridge, int mostResiduals)
    {
        double smallest = SmallestError * location.OutOfFoldDeviation;
        if (design.Folds < 2 || smallest == 0)
        {
            return null;
        }

        double[] sizes = [.. location.Errors.Select(error => Math.Log(Math.Max(Math.Abs(error), smallest)))];
        double mean = sizes.Average();
        TensorPrimitives.Subtract(sizes, mean, sizes);
        double[][] moments = regression.Moments(sizes);
        var sets = design.Candidates().Where(set => set <= BasisSet.Hinges).ToArray();
        double[][] predicted = [.. sets.Select(OutOfFold)];
        double[][] losses =
            [Squares(sizes), .. predicted.Select(p => LocationFit.SquaredErrors(sizes, p))];
        int chosen = BasisChoice.OneStandardError(losses) - 1;
        if (chosen < 0)
        {
            return null;
        }

        double[] weights = regression.Fit(sets[chosen], moments, ridge, null);
        double[] logScales = predicted[chosen], fitted = new double[design.Rows];
        for (int fold = 0; fold < design.Folds; fold++)
        {
            regression.Predict(weights, fold, fitted);
        }

        TensorPrimitives.Clamp(logScales, -MostLogScale, MostLogScale, logScales);
        double[] noise = [.. location.Errors.Select((error, row) => error / Math.Exp(logScales[row])).Order()];
        double[] residuals = OrderStatistics.Thin(noise, mostResiduals);
        var range = new FittedRange(
            Math.Max(fitted.Min(), -MostLogScale), Math.Min(Math.Max(fitted.Max(), -MostLogScale), MostLogScale));
        return new(
            location, new(design.ToPredictor(sets[chosen], weights, 1), range), residuals, logScales,
            Score(location.Errors, logScales, residuals));

        double[] OutOfFold(BasisSet set)
        {
            var fit = new double[design.Rows];
            for (int fold = 0; fold < design.Folds; fold++)
            {
                regression.Predict(regression.Fit(set, moments, ridge, fold), fold, fit);
            }

            return fit;
        }
    }

    static double[] Squares(double[] values)
    {
        var squares = new double[values.Length];
        TensorPrimitives.Multiply(values, values, squares);
        return squares;
    }

    // CRPS of error e under s · N is s · (E|N − e/s| − ½ E|N − N'|) (Gneiting and Raftery 2007, eq. 21), with E|N − t| from
    // partial sums of the ascending residuals.
    static double[] Score(double[] errors, double[]? logScales, double[] residuals)
    {
        int m = residuals.Length;
        var below = new double[m + 1];
        double spread = 0;
        for (int i = 0; i < m; i++)
        {
            below[i + 1] = below[i] + residuals[i];
            spread += (2.0 * i + 1 - m) * residuals[i];
        }

        spread /= (double)m * m;
        var scores = new double[errors.Length];
        for (int row = 0; row < scores.Length; row++)
        {
            double scale = logScales is null ? 1 : Math.Exp(logScales[row]), t = errors[row] / scale;
            int place = Array.BinarySearch(residuals, t);
            place = place < 0 ? ~place : place;
            double distance = (t * place - below[place] + (below[m] - below[place]) - t * (m - place)) / m;
            scores[row] = scale * (distance - spread);
        }

        return scores;
    }
}
