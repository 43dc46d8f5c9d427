namespace CausalMixFT.Engine.Evaluation;

/// <summary>How far the probabilities themselves are from what happened.</summary>
static class ProbabilityMetrics
{
    // Float's machine epsilon, as scikit-learn clips float probabilities: a certain miss costs 15.9, not infinity.
    const double Least = 1.1920928955078125e-7;

    /// <summary>
    /// The mean of −log of the true class's probability, clipped to [ε, 1 − ε] with ε = 2⁻²³ and then normalised.
    /// </summary>
    public static double LogLoss(ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, int classes)
    {
        double sum = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            double total = 0;
            foreach (float probability in probabilities.Slice(row * classes, classes))
            {
                total += Math.Clamp(probability, Least, 1 - Least);
            }

            sum -= Math.Log(Math.Clamp(probabilities[row * classes + labels[row]], Least, 1 - Least) / total);
        }

        return sum / labels.Length;
    }

    /// <summary>
    /// Brier's score: the mean squared distance to the outcome, of class 1 when there are two, summed over classes when
    /// more.
    /// </summary>
    public static double Brier(ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, int classes)
    {
        double sum = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            for (int c = classes == 2 ? 1 : 0; c < classes; c++)
            {
                double distance = probabilities[row * classes + c] - (labels[row] == c ? 1.0 : 0.0);
                sum += distance * distance;
            }
        }

        return sum / labels.Length;
    }

    /// <summary>
    /// The expected calibration error: over bins of confidence, the mean distance between confidence and the share that is right.
    /// </summary>
    /// <remarks>
    /// Guo, Pleiss, Sun and Weinberger (2017): Σ_b n_b/n · |right_b − confidence_b|, where confidence is the largest probability, of equal
    /// ones the first class's, and bin b of B holds confidences in (b/B, (b + 1)/B].
    /// </remarks>
    public static double CalibrationError(ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, int classes, int bins = 15)
    {
        // Of each bin, confidence less hits, summed: its size cancels.
        var excess = new double[bins];
        for (int row = 0; row < labels.Length; row++)
        {
            var p = probabilities.Slice(row * classes, classes);
            int likeliest = 0;
            for (int c = 0; c < classes; c++)
            {
                if (float.IsNaN(p[c]))
                {
                    return double.NaN;
                }

                likeliest = p[c] > p[likeliest] ? c : likeliest;
            }

            int bin = Math.Clamp((int)Math.Ceiling((double)p[likeliest] * bins) - 1, 0, bins - 1);
            excess[bin] += p[likeliest] - (labels[row] == likeliest ? 1.0 : 0.0);
        }

        return excess.Sum(Math.Abs) / labels.Length;
    }
}
