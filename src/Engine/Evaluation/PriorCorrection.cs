namespace CausalMixFT.Engine.Evaluation;

/// <summary>Takes the training prior's weight out of predicted probabilities: p ∝ p̂² / p_train, normalised over the classes.</summary>
/// <remarks>
/// DistPFN (arXiv 2605.04363): the predictions themselves stand in for the prior of the row at hand, p ∝ p̂ · p̂ / p_train. It trains
/// nothing and needs no labels, so a gain on skewed data should be held against it. Of two classes it keeps the order of rows, and so
/// ROC-AUC, and moves the threshold from ½ to where the odds are the square root of the prior's.
/// </remarks>
public static class PriorCorrection
{
    /// <summary>Corrects (rows, classes) probabilities.</summary>
    /// <param name="probabilities">What a model predicts.</param>
    /// <param name="trainingPrior">The share of each class among training rows; a class that has none keeps the probability 0.</param>
    public static float[] Apply(ReadOnlySpan<float> probabilities, ReadOnlySpan<double> trainingPrior)
    {
        int classes = trainingPrior.Length;
        DecisionRule.Check(probabilities, classes == 0 ? 0 : probabilities.Length / classes, classes);
        var corrected = new float[probabilities.Length];
        var odds = new double[classes];
        for (int row = 0; row < probabilities.Length; row += classes)
        {
            double total = 0;
            for (int c = 0; c < classes; c++)
            {
                double p = probabilities[row + c];
                odds[c] = trainingPrior[c] > 0 ? p * p / trainingPrior[c] : 0;
                total += odds[c];
            }

            for (int c = 0; c < classes; c++)
            {
                // A row of nothing but classes that training never saw has nothing to be corrected.
                corrected[row + c] = total == 0 ? probabilities[row + c] : (float)(odds[c] / total);
            }
        }

        return corrected;
    }
}
